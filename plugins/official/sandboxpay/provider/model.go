package provider

import (
	"encoding/json"
	"strings"
	"time"
)

// Merchant is a shop that takes payments here.
type Merchant struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	SecretKey     string `json:"secret_key"`
	WebhookSecret string `json:"webhook_secret"`
	Notify        string `json:"notify,omitempty"` // how to notify, see notifyPlan; default at once
	Fault         string `json:"fault,omitempty"`  // how to answer the API, see fault; default rightly
}

// State of a payment: open -> [challenge] -> authorized -> captured, or declined, cancelled, expired.
type State string

// The states of a payment.
const (
	Unpaid     State = "open"
	Challenge  State = "challenge" // 3-D Secure
	Authorized State = "authorized"
	Captured   State = "captured"
	Declined   State = "declined"
	Cancelled  State = "cancelled"
	Expired    State = "expired"
)

// payable says that the payer may still decide.
func (s State) payable() bool { return s == Unpaid || s == Challenge }

// Payment is one attempt to take money. Amounts are in minor units of Currency.
type Payment struct {
	ID          string            `json:"id"`
	Merchant    string            `json:"merchant"`
	Reference   string            `json:"reference"`
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	Captured    int64             `json:"captured"`
	Refunded    int64             `json:"refunded"`
	Method      string            `json:"method"` // card qr wallet
	AutoCapture bool              `json:"auto_capture"`
	State       State             `json:"state"`
	DeclineCode string            `json:"decline_code,omitempty"`
	Description string            `json:"description,omitempty"`
	ReturnURL   string            `json:"return_url,omitempty"`
	NotifyURL   string            `json:"notify_url,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Card        string            `json:"card,omitempty"` // last four digits
	Token       string            `json:"token"`          // of the payer's page
	Created     time.Time         `json:"created"`
	Expires     time.Time         `json:"expires"`
}

// Refund gives money back.
type Refund struct {
	ID        string    `json:"id"`
	Payment   string    `json:"payment"`
	Merchant  string    `json:"merchant"`
	Reference string    `json:"reference,omitempty"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Reason    string    `json:"reason,omitempty"`
	State     string    `json:"state"` // succeeded
	Created   time.Time `json:"created"`
}

// Notice is a notification on its way. The body stays the same over all attempts; the signature is made anew.
type Notice struct {
	ID       string          `json:"id"`
	Merchant string          `json:"merchant"`
	URL      string          `json:"url"`
	Body     json.RawMessage `json:"body"`
	Created  time.Time       `json:"created"`
	Next     time.Time       `json:"next"`
	Attempts int             `json:"attempts"`
	Sends    int             `json:"sends"` // deliveries still owed: 2 when doubled
	Outcome  string          `json:"outcome,omitempty"`
}

func (n *Notice) pending() bool { return n.Outcome == "" }

// Reply is what was answered to an idempotency key.
type Reply struct {
	Merchant    string          `json:"merchant"`
	Key         string          `json:"key"`
	Fingerprint string          `json:"fingerprint"` // of the request
	Status      int             `json:"status"`
	Body        json.RawMessage `json:"body"`
	Object      string          `json:"object,omitempty"` // id of what was made
}

// notifyPlan reads "late:5s", "double", "missing" or "": when to send first, and how often.
func notifyPlan(how string) (delay time.Duration, sends int) {
	kind, arg, _ := strings.Cut(how, ":")
	switch kind {
	case "late":
		d, err := time.ParseDuration(arg)
		if err != nil {
			d = 5 * time.Second
		}
		return d, 1
	case "double":
		return 0, 2
	case "missing":
		return 0, 0
	}
	return 0, 1
}

// exponents of currencies that do not have two decimals.
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0,
	"VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

func exponent(currency string) int {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return 2
}
