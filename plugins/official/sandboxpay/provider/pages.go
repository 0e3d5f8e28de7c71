package provider

import (
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed pages.html
var pagesFS embed.FS

var pageTemplate = template.Must(template.ParseFS(pagesFS, "pages.html"))

// view is what a page shows.
type view struct {
	Payment
	T        map[string]string // words in the payer's language
	Lang     string
	Other    string // address of the page in the other language
	Shop     string
	Sum      string
	Problem  string // field at fault
	Minutes  int
	BackLink string
}

// page shows a payment to its payer.
func (p *Provider) page(w http.ResponseWriter, r *http.Request) {
	pay, err := p.payer(r.PathValue("token"), func(pay Payment) (Payment, error) { return pay, nil })
	p.render(w, r, pay, err)
}

// decide takes the payer's decision. Card and wallet payers then go back to the shop; who scanned a code stays.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form could not be read", http.StatusBadRequest)
		return
	}
	pay, err := p.payer(r.PathValue("token"), func(pay Payment) (Payment, error) { return pay.decided(r.PostForm) })
	if err != nil {
		p.render(w, r, pay, err)
		return
	}
	if pay.Method != "qr" && !pay.State.payable() && pay.ReturnURL != "" {
		http.Redirect(w, r, pay.backLink(), http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, r.URL.Path+"?lang="+lang(r), http.StatusSeeOther)
}

var errNoPage = errors.New("no such payment page")

// badField is a mistake of the payer's in a field of the form.
type badField string

func (f badField) Error() string { return "bad " + string(f) }

// decided is the payment after what the payer's form says.
func (pay Payment) decided(form url.Values) (Payment, error) {
	if how := form.Get("notify"); how != "" {
		if pay.Metadata == nil {
			pay.Metadata = map[string]string{}
		}
		pay.Metadata["sandbox_notify"] = how
	}
	switch action := form.Get("action"); {
	case action == "cancel":
		return pay.cancel()
	case pay.State == Challenge && action == "confirm":
		if strings.TrimSpace(form.Get("code")) != challengeCode {
			return pay, badField("code")
		}
		return pay.settle(""), nil
	case pay.State == Challenge && action == "refuse":
		return pay.settle("authentication_failed"), nil
	case pay.State == Unpaid && action == "refuse":
		return pay.settle("insufficient_funds"), nil
	case pay.State == Unpaid && action == "pay" && pay.Method == "card":
		return pay.payByCard(form)
	case pay.State == Unpaid && action == "pay":
		return pay.settle(""), nil
	}
	return pay, nil
}

// challengeCode is what the bank of the test card "sends" to the payer's phone.
const challengeCode = "123456"

func (pay Payment) payByCard(form url.Values) (Payment, error) {
	number := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, form.Get("number"))
	if len(number) < 12 || len(number) > 19 || !luhn(number) {
		return pay, badField("number")
	}
	if !validExpiry(form.Get("expiry"), time.Now()) {
		return pay, badField("expiry")
	}
	if cvc := form.Get("cvc"); len(cvc) < 3 || len(cvc) > 4 || strings.Trim(cvc, "0123456789") != "" {
		return pay, badField("cvc")
	}
	pay.Card = number[len(number)-4:]
	decline, known := cards[number]
	if !known {
		decline = "test_card_required"
	}
	return pay.settle(decline), nil
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func validExpiry(s string, now time.Time) bool {
	mm, yy, ok := strings.Cut(strings.ReplaceAll(s, " ", ""), "/")
	month, err1 := strconv.Atoi(mm)
	year, err2 := strconv.Atoi(yy)
	if !ok || err1 != nil || err2 != nil || month < 1 || month > 12 || year < 0 || year > 99 {
		return false
	}
	return now.Before(time.Date(2000+year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC))
}

// backLink is the shop's return address with the payment's id and state. The shop must not take it as proof.
func (pay Payment) backLink() string {
	u, err := url.Parse(pay.ReturnURL)
	if err != nil || pay.ReturnURL == "" {
		return ""
	}
	q := u.Query()
	q.Set("payment", pay.ID)
	q.Set("state", string(pay.State))
	u.RawQuery = q.Encode()
	return u.String()
}

func (p *Provider) render(w http.ResponseWriter, r *http.Request, pay Payment, err error) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	l := lang(r)
	v := view{Payment: pay, T: words[l], Lang: l, Other: "?lang=" + otherLang(l)}
	var field badField
	switch {
	case errors.Is(err, errNoPage):
		w.WriteHeader(http.StatusNotFound)
	case errors.As(err, &field):
		v.Problem = string(field)
		w.WriteHeader(http.StatusUnprocessableEntity)
	case err != nil:
		p.cfg.Log.Error("payment page", "error", err)
		http.Error(w, "try again later", http.StatusInternalServerError)
		return
	}
	if pay.ID != "" {
		p.mu.Lock()
		v.Shop = p.merchants[pay.Merchant].Name
		p.mu.Unlock()
		v.Sum, v.BackLink = sum(pay.Amount, pay.Currency), pay.backLink()
		v.Minutes = max(1, int(time.Until(pay.Expires).Minutes()+0.5))
	}
	if err := pageTemplate.Execute(w, v); err != nil {
		p.cfg.Log.Error("payment page", "error", err)
	}
}

// sum writes an amount for people: "12.50 EUR".
func sum(minor int64, currency string) string {
	e := exponent(currency)
	s := strconv.FormatInt(minor, 10)
	if e == 0 {
		return grouped(s) + " " + currency
	}
	for len(s) <= e {
		s = "0" + s
	}
	return grouped(s[:len(s)-e]) + "." + s[len(s)-e:] + " " + currency
}

// grouped puts a comma before every third digit from the end.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func lang(r *http.Request) string {
	l := r.URL.Query().Get("lang")
	if l == "" {
		l = r.Header.Get("Accept-Language")
	}
	if strings.HasPrefix(l, "zh") {
		return "zh"
	}
	return "en"
}

func otherLang(l string) string {
	if l == "zh" {
		return "en"
	}
	return "zh"
}

var words = map[string]map[string]string{
	"en": {
		"html": "en", "other": "中文", "title": "Payment", "to": "Pay to", "sandbox": "Sandbox: no real money moves",
		"card": "Card", "number": "Card number", "expiry": "Expiry (MM/YY)", "cvc": "Security code", "pay": "Pay", "cancel": "Cancel and go back",
		"confirm": "Confirm payment", "refuse": "Refuse", "qr": "You scanned the shop's code. Confirm to pay.", "wallet": "Sandbox wallet",
		"walletHint": "You are signed in to your wallet. Confirm to pay.", "options": "Test options", "expires": "Minutes left, about:",
		"challenge": "Your bank asks for proof", "challengeHint": "Your bank has sent a code to your phone. In this sandbox it is 123456.", "code": "Code",
		"captured": "Paid", "authorized": "Reserved: the shop will take the money when it ships", "declined": "Declined", "cancelled": "Cancelled", "expired": "This payment has expired",
		"back": "Back to the shop", "close": "You can close this page and look at the shop's screen.", "none": "There is no such payment. Go back to the shop and start again.",
		"bad_number": "Check the card number.", "bad_expiry": "Give month and year as MM/YY, in the future.", "bad_cvc": "3 or 4 digits, on the back of the card.", "bad_code": "That code is wrong. Try 123456.",
		"tests": "Test cards", "t_ok": "succeeds", "t_declined": "is declined", "t_funds": "has insufficient funds", "t_3ds": "asks for proof (3-D Secure)",
		"notify": "How the shop is notified", "n_now": "at once", "n_late": "10 seconds late", "n_double": "twice", "n_missing": "never",
		"card_declined": "The bank declined the card.", "insufficient_funds": "There are not enough funds.", "authentication_failed": "The bank could not confirm that it is you.", "test_card_required": "Only test cards work here.",
	},
	"zh": {
		"html": "zh-CN", "other": "English", "title": "付款", "to": "付款给", "sandbox": "沙箱环境：不会产生真实交易",
		"card": "银行卡", "number": "卡号", "expiry": "有效期（月/年）", "cvc": "安全码", "pay": "付款", "cancel": "取消并返回",
		"confirm": "确认付款", "refuse": "拒绝付款", "qr": "您已扫描商家的二维码，请确认付款。", "wallet": "沙箱钱包",
		"walletHint": "您已登录钱包，请确认付款。", "options": "测试选项", "expires": "剩余时间（分钟）约：",
		"challenge": "银行需要验证您的身份", "challengeHint": "银行已向您的手机发送验证码。沙箱中的验证码是 123456。", "code": "验证码",
		"captured": "付款成功", "authorized": "已预授权：商家发货时扣款", "declined": "付款被拒绝", "cancelled": "付款已取消", "expired": "付款已过期",
		"back": "返回商家", "close": "您可以关闭本页面，在商家页面查看结果。", "none": "没有找到这笔付款，请返回商家重新开始。",
		"bad_number": "请检查卡号。", "bad_expiry": "请按 月/年 填写尚未过期的日期。", "bad_cvc": "卡背面的 3 或 4 位数字。", "bad_code": "验证码不正确，请输入 123456。",
		"tests": "测试卡", "t_ok": "付款成功", "t_declined": "被拒绝", "t_funds": "余额不足", "t_3ds": "需要身份验证（3-D Secure）",
		"notify": "如何通知商家", "n_now": "立即", "n_late": "延迟 10 秒", "n_double": "两次", "n_missing": "不通知",
		"card_declined": "银行拒绝了这张卡。", "insufficient_funds": "余额不足。", "authentication_failed": "银行无法确认您的身份。", "test_card_required": "这里只能使用测试卡。",
	},
}
