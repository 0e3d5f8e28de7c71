package inventory

// View is a level as the console shows it.
type View struct {
	Level
	Available int64 `json:"available"`
}

// ViewOf adds the computed figures to a level.
func ViewOf(l Level) View { return View{Level: l, Available: l.Available()} }
