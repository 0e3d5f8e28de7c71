package inventory

import "github.com/google/uuid"

// StockChangedV1 is the payload of stock.changed: every level that one verb changed, as it stands after it.
type StockChangedV1 struct {
	Levels []LevelChange `json:"levels"`
	Cause  string        `json:"cause"` // kind of the movement: receive, adjust, count, reserve, ...
}

// LevelChange is one changed level.
type LevelChange struct {
	LevelID    uuid.UUID `json:"level_id"`
	SKU        string    `json:"sku"`
	LocationID uuid.UUID `json:"location_id"`
	Available  int64     `json:"available"`
	OnHand     int64     `json:"on_hand"`
}
