package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/money"
	"allhours/platform/base/outbox"
	"allhours/platform/base/secrets"
	"allhours/platform/customers"
	"allhours/platform/orders"
	"allhours/tenants"
	"allhours/tenants/members"
)

// Subscriptions lists the events that people are told about.
func (n *Notify) Subscriptions() []outbox.Subscription {
	subs := []outbox.Subscription{{Event: "message.queued", Subscriber: "notify", Handle: n.deliver}}
	for _, event := range []string{members.EventInvited, members.EventPasswordResetRequested, members.EventEmailConfirmationRequested} {
		subs = append(subs, outbox.Subscription{Event: event, Subscriber: "notify", Handle: n.onMember, Queue: outbox.Urgent})
	}
	subs = append(subs, outbox.Subscription{Event: customers.EventLinkRequested, Subscriber: "notify", Handle: n.onCustomer, Queue: outbox.Urgent})
	for event := range orderMails {
		subs = append(subs, outbox.Subscription{Event: event, Subscriber: "notify", Handle: n.onOrder})
	}
	return subs
}

const maxAttempts = 8

// deliver hands a queued message to the mail server. Its attempts are logged; an error that may pass is returned, so that the outbox tries again later.
func (n *Notify) deliver(ctx context.Context, e outbox.Event) error {
	id, err := uuid.Parse(e.Subject)
	if err != nil {
		return fmt.Errorf("notify: message.queued: %w", err)
	}
	sc := db.Job(e.Tenant, "notify")
	var row messageRow
	var body rendered
	err = n.db.InTx(ctx, sc, func(tx *db.Tx) error {
		if row, err = messageByID(tx, id); err != nil {
			return err
		}
		text, err := n.box.Open(row.Content, secrets.AAD(e.Tenant, "message", id.String()))
		if err != nil {
			return fmt.Errorf("open message: %w", err)
		}
		return json.Unmarshal(text, &body)
	})
	if err != nil || row.State != "queued" {
		return err
	}
	sendErr := n.mailer.send(ctx, id.String(), row.Recipient, row.Subject, body)
	state, response := "sent", "accepted"
	var refused errRefused
	switch {
	case errors.As(sendErr, &refused):
		state, response = "failed", sendErr.Error()
	case sendErr != nil && row.Attempts+1 >= maxAttempts:
		state, response = "dead", sendErr.Error()
	case sendErr != nil:
		state, response = "queued", sendErr.Error()
	}
	err = n.db.InTx(context.WithoutCancel(ctx), sc, func(tx *db.Tx) error {
		if err := noteAttempt(tx, row, state, response); err != nil {
			return err
		}
		if state == "failed" || state == "dead" {
			return outbox.Append(tx, "message.dead", id.String(), map[string]string{"template": row.Template, "reason": response})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if state == "queued" {
		return fmt.Errorf("send message %s: %w", id, sendErr)
	}
	return nil
}

// orderMail is the news of an order to its customer.
type orderMail struct {
	ID                                                                     uuid.UUID
	Email, Language, Currency, Status                                      string
	Number                                                                 *int64
	Subtotal, ShippingTotal, TaxTotal, DiscountTotal, Total, RefundedTotal int64
	Channel                                                                string
	TaxIncluded                                                            bool
	PaymentMethod, PaymentStatus                                           string
	Carrier, TrackingNumber, TrackingURL                                   string
	Lines                                                                  []orderMailLine `gorm:"-"`
	link                                                                   string
	moved                                                                  string // what a part of it has come to, where the mail is about that
	transfer                                                               string // how to pay it, where that is by transfer and still to be done
}

type orderMailLine struct {
	Title    db.JSON[map[string]string]
	Quantity int
	Total    int64
}

// orderMails says what each event means to the customer; nil where it means nothing this time.
var orderMails = map[string]func(o orderMail, zh bool) *Content{
	"order.drafted":            draftedMail,
	"order.placed":             placedMail,
	"order.cancelled":          cancelledMail,
	"order.refunded":           refundedMail,
	"order.fulfilment_changed": fulfilmentMail,
	"order.link_requested":     linkMail,
}

func (n *Notify) onOrder(ctx context.Context, e outbox.Event) error {
	return n.db.InTx(ctx, db.Job(e.Tenant, "notify"), func(tx *db.Tx) error {
		o, err := orderForMail(tx, e.Subject)
		if db.IsNotFound(err) || (err == nil && (o.Email == "" || o.Channel == "import")) {
			return nil
		}
		if err != nil {
			return err
		}
		shop, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		language := oneOf(o.Language, shop.Language)
		if e.Type == orders.EventFulfilmentChanged {
			var moved orders.ChangedV1
			if err := e.Decode(&moved); err != nil {
				return err
			}
			o.moved = moved.Reason
		}
		if o.PaymentMethod == tenants.Transfer && o.PaymentStatus == orders.Unpaid {
			o.transfer = pick(shop.Settings.Order.TransferInstructions, language)
		}
		o.link = n.urls.Shop(shop.Slug) + "/o/" + o.ID.String() + "?token=" + n.access.OrderToken(e.Tenant, o.ID, tx.Now.Add(linkLife))
		content := orderMails[e.Type](o, language == "zh")
		if content == nil {
			return nil
		}
		return n.MailTx(tx, Mail{To: o.Email, Language: language, Template: e.Type, DedupKey: e.Type + ":" + e.ID.String(), Content: *content})
	})
}

func orderForMail(tx *db.Tx, id string) (o orderMail, err error) {
	err = tx.Raw(`SELECT o.id, o.number, o.email, o.language, o.currency, o.status, o.channel, o.payment_method, o.payment_status, o.tax_included, o.subtotal, o.shipping_total, o.tax_total, o.discount_total, o.total, o.refunded_total,
			coalesce(f.carrier, '') AS carrier, coalesce(f.tracking_number, '') AS tracking_number, coalesce(f.tracking_url, '') AS tracking_url
		FROM orders o LEFT JOIN LATERAL (SELECT carrier, tracking_number, tracking_url FROM fulfilments f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id ORDER BY f.updated_at DESC LIMIT 1) f ON true
		WHERE o.tenant_id = ? AND o.id = ?`, tx.Scope.Tenant, id).Take(&o).Error
	if err != nil {
		return o, err
	}
	err = tx.Raw(`SELECT title, quantity, total FROM order_lines WHERE tenant_id = ? AND order_id = ? ORDER BY line LIMIT 100`, tx.Scope.Tenant, id).Scan(&o.Lines).Error
	return o, err
}

func (o orderMail) name(zh bool) string {
	switch {
	case o.Number != nil && zh:
		return fmt.Sprintf("订单 #%d", *o.Number)
	case o.Number != nil:
		return fmt.Sprintf("order #%d", *o.Number)
	case zh:
		return "您的订单"
	}
	return "your order"
}

func (o orderMail) money(amount int64) string {
	return money.Money{Amount: amount, Currency: o.Currency}.String()
}

func (o orderMail) rows(zh bool) (rows [][2]string) {
	language, words := "en", [5]string{"Delivery", "Discount", "Total", "Tax", "Tax included"}
	if zh {
		language, words = "zh", [5]string{"配送费", "优惠", "合计", "税费", "含税"}
	}
	for _, l := range o.Lines {
		rows = append(rows, [2]string{fmt.Sprintf("%d × %s", l.Quantity, pick(l.Title.V, language)), o.money(l.Total)})
	}
	if o.ShippingTotal != 0 {
		rows = append(rows, [2]string{words[0], o.money(o.ShippingTotal)})
	}
	if o.TaxTotal != 0 && !o.TaxIncluded {
		rows = append(rows, [2]string{words[3], o.money(o.TaxTotal)})
	}
	rows = append(rows, [2]string{words[2], o.money(o.Total)})
	if o.TaxTotal != 0 && o.TaxIncluded {
		rows = append(rows, [2]string{words[4], o.money(o.TaxTotal)})
	}
	if o.DiscountTotal != 0 {
		rows = append(rows, [2]string{words[1], "-" + o.money(o.DiscountTotal)})
	}
	return rows
}

// draftedMail tells of an order that waits for the shop; of one that waits for its payment there is nothing to tell.
func draftedMail(o orderMail, zh bool) *Content {
	switch {
	case o.Status != orders.AwaitingConfirmation:
		return nil
	case zh:
		return &Content{Subject: "您的订单待商家确认", Heading: "我们已收到您的订单", Paragraphs: []string{"商家确认后，我们会再通知您。"}, Rows: o.rows(zh), Button: "查看订单", Link: o.link, Footnote: "此链接仅供您本人使用，请勿转发。"}
	}
	return &Content{Subject: "Your order waits for the shop", Heading: "We have your order", Paragraphs: []string{"The shop looks at it and confirms it shortly. We write again then."}, Rows: o.rows(zh), Button: "See your order", Link: o.link, Footnote: "The link is yours alone: whoever has it can see this order."}
}

func placedMail(o orderMail, zh bool) *Content {
	says := []string{"We have received " + o.name(zh) + ". You can follow it at any time through the link below."}
	if zh {
		says[0] = "我们已收到" + o.name(zh) + "，您可随时通过下方链接查看进度。"
	}
	if o.transfer != "" {
		pay := "Please transfer %s and name %s:"
		if zh {
			pay = "请转账 %s，并注明%s："
		}
		says = append(says, fmt.Sprintf(pay, o.money(o.Total), o.name(zh)))
		says = append(says, strings.Split(o.transfer, "\n")...)
	}
	if zh {
		return &Content{Subject: o.name(zh) + " 已确认", Heading: "感谢您的订单", Paragraphs: says, Rows: o.rows(zh), Button: "查看订单", Link: o.link, Footnote: "此链接仅供您本人使用，请勿转发。"}
	}
	return &Content{Subject: "We have " + o.name(zh), Heading: "Thank you for your order", Paragraphs: says, Rows: o.rows(zh), Button: "See your order", Link: o.link, Footnote: "The link is yours alone: whoever has it can see this order."}
}

func cancelledMail(o orderMail, zh bool) *Content {
	if zh {
		return &Content{Subject: o.name(zh) + " 已取消", Heading: "订单已取消", Paragraphs: []string{o.name(zh) + " 已取消。如已付款，款项将原路退回。"}, Button: "查看订单", Link: o.link}
	}
	return &Content{Subject: capital(o.name(zh)) + " is cancelled", Heading: "Your order is cancelled", Paragraphs: []string{capital(o.name(zh)) + " has been cancelled. What you paid goes back the way it came."}, Button: "See your order", Link: o.link}
}

func refundedMail(o orderMail, zh bool) *Content {
	if zh {
		return &Content{Subject: o.name(zh) + " 退款通知", Heading: "退款已发出", Paragraphs: []string{fmt.Sprintf("%s 累计已退款 %s，到账时间以支付渠道为准。", o.name(zh), o.money(o.RefundedTotal))}, Button: "查看订单", Link: o.link}
	}
	return &Content{Subject: "Refund for " + o.name(zh), Heading: "Your refund is on its way", Paragraphs: []string{fmt.Sprintf("In all %s of %s has been refunded. It may take a few days until your bank shows it.", o.money(o.RefundedTotal), o.name(zh))}, Button: "See your order", Link: o.link}
}

func fulfilmentMail(o orderMail, zh bool) *Content {
	tracking := strings.TrimSpace(o.Carrier + " " + o.TrackingNumber)
	var rows [][2]string
	switch {
	case tracking == "":
	case zh:
		rows = [][2]string{{"物流", tracking}}
	default:
		rows = [][2]string{{"Shipment", tracking}}
	}
	switch o.moved {
	case "shipped":
		if zh {
			return &Content{Subject: o.name(zh) + " 已发货", Heading: "您的商品已在路上", Rows: rows, Button: "跟踪订单", Link: o.link}
		}
		return &Content{Subject: capital(o.name(zh)) + " is on its way", Heading: "It is on its way", Rows: rows, Button: "Track your order", Link: o.link}
	case "ready":
		if zh {
			return &Content{Subject: o.name(zh) + " 可以取货了", Heading: "请来取货", Button: "查看订单", Link: o.link}
		}
		return &Content{Subject: capital(o.name(zh)) + " is ready", Heading: "Ready for you to collect", Button: "See your order", Link: o.link}
	case "issued":
		if zh {
			return &Content{Subject: o.name(zh) + " 已发放", Heading: "数字商品已发放", Button: "查看订单", Link: o.link}
		}
		return &Content{Subject: capital(o.name(zh)) + " is here", Heading: "Your digital goods are ready", Button: "Open your order", Link: o.link}
	}
	return nil
}

func linkMail(o orderMail, zh bool) *Content {
	if zh {
		return &Content{Subject: "查看" + o.name(zh), Heading: "这是您的订单链接", Paragraphs: []string{"您刚刚请求查看订单。若非本人操作，请忽略此邮件。"}, Button: "查看订单", Link: o.link}
	}
	return &Content{Subject: "Link to " + o.name(zh), Heading: "Here is the link to your order", Paragraphs: []string{"You asked for it in our shop. If it was not you, do nothing."}, Button: "See your order", Link: o.link}
}

func incidentMail(language, title, body, severity, link string) Content {
	if language == "zh" {
		return Content{Subject: title, Heading: title, Paragraphs: []string{body}, Button: "前往处理", Link: link, Footnote: "级别：" + map[string]string{"info": "提示", "warning": "警告", "critical": "严重"}[severity] + "。可在个人设置中调整通知方式。"}
	}
	return Content{Subject: title, Heading: title, Paragraphs: []string{body}, Button: "Look at it", Link: link, Footnote: "Severity: " + severity + ". You choose in your settings what reaches you."}
}

// onMember mails the link that a member asked for or was sent. Its token is made here: the event holds none.
func (n *Notify) onMember(ctx context.Context, e outbox.Event) error {
	var l members.LinkV1
	if err := e.Decode(&l); err != nil {
		return err
	}
	return n.db.InTx(ctx, db.Job(e.Tenant, "notify"), func(tx *db.Tx) error {
		link := n.urls.Base + n.people.Link(l.Kind, e.Tenant, l.ID, l.ExpiresAt)
		content := memberMail(l, link, l.Language == "zh")
		return n.MailTx(tx, Mail{To: l.Email, Language: l.Language, Template: e.Type, DedupKey: e.Type + ":" + e.ID.String(), Content: content})
	})
}

// onCustomer mails the link that a customer asked for.
func (n *Notify) onCustomer(ctx context.Context, e outbox.Event) error {
	var asked customers.LinkV1
	if err := e.Decode(&asked); err != nil {
		return err
	}
	return n.db.InTx(ctx, db.Job(e.Tenant, "notify"), func(tx *db.Tx) error {
		letter, err := n.customers.LetterTx(tx, asked)
		if errors.Is(err, customers.ErrNotFound) {
			return nil // gone or erased since
		}
		if err != nil {
			return err
		}
		shop, err := tenants.GetTx(tx)
		if err != nil {
			return err
		}
		language := oneOf(letter.Language, shop.Language)
		content := customerMail(asked.Kind, shop.Name, language == "zh")
		content.Link = n.urls.Shop(shop.Slug) + letter.Path
		return n.MailTx(tx, Mail{To: letter.To, Language: language, Template: e.Type, DedupKey: e.Type + ":" + e.ID.String(), Content: content})
	})
}

func customerMail(kind, shop string, zh bool) Content {
	switch {
	case kind == customers.PasswordReset && zh:
		return Content{Subject: "重设您在 " + shop + " 的密码", Heading: "重设密码", Button: "设置新密码", Paragraphs: []string{"若非本人操作，请忽略此邮件，密码不会改变。"}}
	case kind == customers.PasswordReset:
		return Content{Subject: "Reset your password at " + shop, Heading: "Reset your password", Button: "Choose a new password", Paragraphs: []string{"If it was not you who asked for this, do nothing: your password stays."}}
	case zh:
		return Content{Subject: "请确认您的邮箱", Heading: "欢迎来到 " + shop, Button: "确认邮箱", Paragraphs: []string{"确认后，您此前以访客身份下的订单也会归入您的账户。"}}
	}
	return Content{Subject: "Confirm your e-mail address", Heading: "Welcome to " + shop, Button: "Confirm my address", Paragraphs: []string{"Once confirmed, the orders that you made as a guest join your account."}}
}

func memberMail(l members.LinkV1, link string, zh bool) Content {
	until := l.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC")
	c := Content{Link: link}
	switch {
	case l.Kind == members.Invitation && zh:
		c.Subject, c.Heading, c.Button = l.InvitedBy+" 邀请您加入 "+l.Shop, "加入 "+l.Shop, "接受邀请"
		c.Paragraphs = []string{l.InvitedBy + " 邀请您一起管理店铺。"}
	case l.Kind == members.Invitation:
		c.Subject, c.Heading, c.Button = l.InvitedBy+" invites you to "+l.Shop, "Join "+l.Shop, "Accept the invitation"
		c.Paragraphs = []string{l.InvitedBy + " would like you to work on the shop together."}
	case l.Kind == members.PasswordReset && zh:
		c.Subject, c.Heading, c.Button = "重设 "+l.Shop+" 的密码", "重设密码", "设置新密码"
		c.Paragraphs = []string{"我们收到了重设密码的请求。若非本人操作，请忽略此邮件，密码不会改变。"}
	case l.Kind == members.PasswordReset:
		c.Subject, c.Heading, c.Button = "Reset your password for "+l.Shop, "Reset your password", "Choose a new password"
		c.Paragraphs = []string{"Somebody, we hope you, asked for a new password. If it was not you, do nothing: your password stays."}
	case zh:
		c.Subject, c.Heading, c.Button = "请确认您的邮箱", "欢迎使用 "+l.Shop, "确认邮箱"
		c.Paragraphs = []string{"请确认此邮箱属于您，以便接收订单与预警通知。"}
	default:
		c.Subject, c.Heading, c.Button = "Confirm your e-mail address", "Welcome to "+l.Shop, "Confirm my address"
		c.Paragraphs = []string{"Please confirm that this address is yours, so that news of orders and alerts reach you."}
	}
	c.Footnote = "The link works until " + until + ", once."
	if zh {
		c.Footnote = "链接有效期至 " + until + "，仅可使用一次。"
	}
	return c
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
