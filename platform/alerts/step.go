package alerts

import (
	"time"

	"github.com/google/uuid"
)

// Observation is what a signal says about one key now. Breach and Clear exclude each other; neither means the value hovers between the threshold and
// the threshold with its hysteresis, where nothing changes.
type Observation struct {
	Key     string // what there is one instance for: "stock_low:LOCATION:SKU"
	Subject Subject
	Value   float64
	Breach  bool
	Clear   bool
	Words   Words
}

// Subject is what an observation is about.
type Subject struct {
	Type  string `json:"type"` // order, variant, payment
	ID    string `json:"id"`
	Label string `json:"label"`
}

// Words say to a person what was seen: in each language, and in numbers.
type Words struct {
	Title, Summary Text
	Evidence       map[string]any
}

// Instance is the state of a rule for one key.
type Instance struct {
	RuleID     uuid.UUID
	DedupKey   string
	State      string // ok, firing
	Value      float64
	IncidentID *uuid.UUID
	Since      time.Time
	FiredAt    *time.Time
}

// effect is what a step asks for.
type effect int

const (
	nothing  effect = iota
	open            // a crossing: a new incident, people are told
	again           // a crossing within the cool-down: the same incident counts one more, nobody is told
	recover_        // the condition has cleared
)

// step is the state machine of an alert instance: pure, so that a backtest runs the very same.
func step(in Instance, o Observation, cooldown time.Duration, now time.Time) (Instance, effect) {
	in.Value = o.Value
	switch {
	case in.State != "firing" && o.Breach:
		quiet := in.FiredAt != nil && in.IncidentID != nil && now.Sub(*in.FiredAt) < cooldown
		in.State, in.Since, in.FiredAt = "firing", now, &now
		if quiet {
			return in, again
		}
		return in, open
	case in.State == "firing" && o.Clear:
		in.State, in.Since = "ok", now
		return in, recover_
	}
	return in, nothing
}
