package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// cards are the test numbers and what becomes of them. Tokens stand for the same cards on the server-to-server path.
var cards = map[string]string{
	"4242424242424242": "", "tok_success": "",
	"4000000000000002": "card_declined", "tok_declined": "card_declined",
	"4000000000009995": "insufficient_funds", "tok_insufficient": "insufficient_funds",
	"4000000000003220": "challenge", "tok_3ds": "challenge",
}

const defaultLife = 30 * time.Minute

// settle moves a payable payment to where the payer's card or consent leads: paid, declined or challenged.
func (pay Payment) settle(decline string) Payment {
	switch {
	case decline == "challenge":
		pay.State = Challenge
	case decline != "":
		pay.State, pay.DeclineCode = Declined, decline
	case pay.AutoCapture:
		pay.State, pay.Captured = Captured, pay.Amount
	default:
		pay.State = Authorized
	}
	return pay
}

// move saves a payment's new state, with the notification it deserves. The caller holds p.mu.
func (p *Provider) move(pay Payment, reply *Reply) <-chan error {
	return p.commit(&change{Payment: &pay, Notice: p.notice(&pay, nil), Reply: reply})
}

// notice makes the notification of a payment's state, or of a refund; nil if there is none to send.
func (p *Provider) notice(pay *Payment, refund *Refund) *Notice {
	event := map[string]string{
		string(Authorized): "payment.authorized", string(Captured): "payment.captured", string(Declined): "payment.declined",
		string(Cancelled): "payment.cancelled", string(Expired): "payment.expired",
	}[string(pay.State)]
	data := map[string]any{"payment": pay.public("")}
	if refund != nil {
		event, data["refund"] = "refund.succeeded", refund
	}
	if event == "" || pay.NotifyURL == "" {
		return nil
	}
	how := pay.Metadata["sandbox_notify"]
	if how == "" {
		how = p.merchants[pay.Merchant].Notify
	}
	delay, sends := notifyPlan(how)
	now := time.Now()
	n := &Notice{ID: newID("ntf_"), Merchant: pay.Merchant, URL: pay.NotifyURL, Created: now, Next: now.Add(delay), Sends: sends}
	if sends == 0 {
		n.Outcome = "withheld"
	}
	n.Body, _ = json.Marshal(map[string]any{"id": n.ID, "type": event, "created": now.UTC(), "data": data})
	return n
}

// payer decides on the page: pays with a card number, consents, answers the challenge, or walks away. It returns the payment as it is
// afterwards; deciding twice changes nothing.
func (p *Provider) payer(token string, decide func(Payment) (Payment, error)) (Payment, error) {
	p.mu.Lock()
	pay, ok := p.byToken[token]
	if !ok {
		p.mu.Unlock()
		return Payment{}, errNoPage
	}
	saved := p.expireIfDue(pay)
	if saved == nil && pay.State.payable() {
		next, err := decide(pay.copy())
		if err != nil {
			p.mu.Unlock()
			return *pay, err
		}
		if next.State != pay.State || next.Card != pay.Card {
			saved = p.move(next, nil)
		}
	}
	now := pay.copy()
	p.mu.Unlock()
	if saved != nil {
		if err := <-saved; err != nil {
			return now, err
		}
	}
	return now, nil
}

func (pay *Payment) copy() Payment {
	c := *pay
	c.Metadata = maps.Clone(pay.Metadata)
	return c
}

// expireIfDue expires a payment whose time has passed. The caller holds p.mu.
func (p *Provider) expireIfDue(pay *Payment) <-chan error {
	if !pay.State.payable() || time.Now().Before(pay.Expires) {
		return nil
	}
	next := pay.copy()
	next.State = Expired
	return p.move(next, nil)
}

// watchExpiry lets a payment expire when nobody looks at it. The caller holds p.mu.
func (p *Provider) watchExpiry(pay *Payment) {
	if !pay.State.payable() {
		return
	}
	id := pay.ID
	time.AfterFunc(time.Until(pay.Expires)+time.Millisecond, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ctx.Err() == nil {
			p.expireIfDue(p.payments[id])
		}
	})
}

// capture takes all or part of an authorized amount, once.
func (pay Payment) capture(amount int64) (Payment, error) {
	if amount == 0 {
		amount = pay.Amount
	}
	switch {
	case pay.State == Captured && pay.Captured == amount:
		return pay, nil
	case pay.State != Authorized:
		return pay, &apiError{409, "invalid_request", "payment_state", fmt.Sprintf("a payment that is %s cannot be captured", pay.State), ""}
	case amount < 0 || amount > pay.Amount:
		return pay, &apiError{400, "invalid_request", "amount_too_large", "amount must be between 1 and the authorized amount", "amount"}
	}
	pay.State, pay.Captured = Captured, amount
	return pay, nil
}

// cancel closes what is not paid yet, or releases an authorization.
func (pay Payment) cancel() (Payment, error) {
	switch pay.State {
	case Cancelled, Expired, Declined:
		return pay, nil
	case Captured:
		return pay, &apiError{409, "invalid_request", "payment_state", "the payment is captured: refund it", ""}
	}
	pay.State = Cancelled
	return pay, nil
}

// refund gives back all that is left, or the amount asked for if so much is left.
func (pay Payment) refund(amount int64) (Payment, int64, error) {
	left := pay.Captured - pay.Refunded
	if amount == 0 {
		amount = left
	}
	switch {
	case pay.State != Captured:
		return pay, 0, &apiError{409, "invalid_request", "payment_state", fmt.Sprintf("a payment that is %s cannot be refunded", pay.State), ""}
	case amount <= 0 || amount > left:
		return pay, 0, &apiError{409, "invalid_request", "refund_too_large", fmt.Sprintf("only %d is left to refund", left), "amount"}
	}
	pay.Refunded += amount
	return pay, amount, nil
}
