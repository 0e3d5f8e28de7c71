package payments

import (
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/outbox"
)

// Events of payments. The subject is the payment's id.
const (
	EventPending   = "payment.pending"   // the shopper has to act, or the provider takes its time
	EventSucceeded = "payment.succeeded" // authorized or captured
	EventFailed    = "payment.failed"    // declined, expired, closed, refused; or a refund was refused
	EventUnknown   = "payment.unknown"   // a call had no answer; once more, with final, when it is given up
	EventRefunded  = "payment.refunded"
	EventMismatch  = "payment.mismatch" // an answer over another amount or currency
	EventOrphan    = "payment.orphan"   // money that belongs to no live order
)

// Timers. The subject of payment.expire_due is the payment's id, of the others the operation's.
const (
	TimerLookup    = "payment.lookup_due"
	TimerExpire    = "payment.expire_due"
	TimerOperation = "payment.operation_due"
)

// ChangedV1 is the payload of the payment events: where the payment stands.
type ChangedV1 struct {
	ID        uuid.UUID `json:"id"`
	OrderID   uuid.UUID `json:"order_id"`
	Operation string    `json:"operation"` // authorize, capture, void, refund
	Method    string    `json:"method"`
	Status    string    `json:"status"`
	Amount    int64     `json:"amount"`
	Captured  int64     `json:"captured"`
	Refunded  int64     `json:"refunded"`
	Currency  string    `json:"currency"`
	Reason    string    `json:"reason,omitempty"`
	Final     bool      `json:"final,omitempty"` // of payment.unknown: nobody looks it up any more
	At        time.Time `json:"at"`
}

// MismatchV1 is the payload of payment.mismatch: what was asked for and what the provider said.
type MismatchV1 struct {
	ChangedV1
	GotAmount   int64  `json:"got_amount"`
	GotCurrency string `json:"got_currency"`
}

func changedV1(tx *db.Tx, pay *paymentRow, operation string) ChangedV1 {
	return ChangedV1{
		ID: pay.ID, OrderID: pay.OrderID, Operation: operation, Method: pay.Method, Status: pay.Status, Amount: pay.Amount, Captured: pay.Captured,
		Refunded: pay.Refunded, Currency: pay.Currency, Reason: pay.Reason, At: tx.Now,
	}
}

func publish(tx *db.Tx, typ string, pay *paymentRow, operation string) error {
	return outbox.Append(tx, typ, pay.ID.String(), changedV1(tx, pay, operation))
}

// eventOf is the event that a change to the status deserves.
func eventOf(status string) string {
	switch status {
	case statusCaptured, statusAuthorized:
		return EventSucceeded
	case statusDeclined, statusVoided, statusExpired, statusFailed:
		return EventFailed
	case statusUnknown:
		return EventUnknown
	}
	return EventPending
}
