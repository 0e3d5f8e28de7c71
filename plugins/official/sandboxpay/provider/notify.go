package provider

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex>", the HMAC-SHA256 of "<t>.<body>" under the merchant's webhook secret.
const SignatureHeader = "Sandboxpay-Signature"

// Sign makes the value of SignatureHeader.
func Sign(secret string, at time.Time, body []byte) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(MAC(secret, fmt.Sprint(at.Unix()), body)))
}

// MAC is the authentication code of a notification.
func MAC(secret, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, timestamp+".") // never fails
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

const longestRetry = 5 * time.Minute

// schedule sends a pending notification when it is due. The caller holds p.mu.
func (p *Provider) schedule(n *Notice) {
	if n.pending() {
		time.AfterFunc(time.Until(n.Next), func() { p.deliver(*n) })
	}
}

// deliver makes one attempt and records what came of it, which schedules the next.
func (p *Provider) deliver(n Notice) {
	select {
	case p.sending <- struct{}{}:
		defer func() { <-p.sending }()
	case <-p.ctx.Done():
		return
	}
	p.mu.Lock()
	secret := p.merchants[n.Merchant].WebhookSecret
	p.mu.Unlock()
	err := p.post(n, secret)
	if p.ctx.Err() != nil {
		return
	}
	n.Attempts++
	now := time.Now()
	switch {
	case err == nil:
		if n.Sends--; n.Sends == 0 {
			n.Outcome = "delivered"
		}
		n.Next = now
	case now.Sub(n.Created) > p.cfg.NoticeTTL:
		n.Outcome = "given up: " + err.Error()
	default:
		p.cfg.Log.Info("notification not accepted", "notice", n.ID, "attempt", n.Attempts, "error", err)
		n.Next = now.Add(min(p.cfg.RetryBase<<min(n.Attempts-1, 16), longestRetry))
	}
	p.mu.Lock()
	saved := p.commit(&change{Notice: &n})
	p.mu.Unlock()
	if err := <-saved; err != nil {
		p.cfg.Log.Error("notification not recorded", "notice", n.ID, "error", err)
	}
}

// post sends it. Only a 2xx counts; a redirect is not followed.
func (p *Provider) post(n Notice, secret string) error {
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, n.URL, bytes.NewReader(n.Body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sandboxpay/1")
	req.Header.Set(SignatureHeader, Sign(secret, time.Now(), n.Body))
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}
