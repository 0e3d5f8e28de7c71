package orders

import (
	"github.com/google/uuid"

	"allhours/platform/base/db"
)

// LockTx keeps others from changing the order until the transaction ends and tells its currency. Payments takes it before its own rows, as Cancel does.
func (o *Orders) LockTx(tx *db.Tx, id uuid.UUID) (currency string, err error) {
	err = tx.Raw(`SELECT currency FROM orders WHERE id = ? FOR UPDATE`, id).Row().Scan(&currency)
	if db.IsNotFound(err) {
		err = ErrNotFound
	}
	return currency, err
}

// LineRefund is what of a line is paid back: so many units, or an amount.
type LineRefund struct {
	Line     int   `json:"line"`
	Quantity int   `json:"quantity,omitempty" minimum:"0"`
	Amount   int64 `json:"amount,omitempty" minimum:"0" doc:"Minor units; the price of the units where it is left out."`
}

// RefundLinesTx notes on the lines what is being paid back, in the transaction that records the refund, and gives the sum. Nothing is paid back twice.
func (o *Orders) RefundLinesTx(tx *db.Tx, orderID uuid.UUID, lines []LineRefund) (sum int64, err error) {
	order, err := o.lockTx(tx, orderID)
	if err != nil {
		return 0, err
	}
	for _, r := range lines {
		i := lineAt(&order, r.Line)
		if i < 0 {
			return 0, errInvalid.Field("body.lines", "the order has no line %d", r.Line)
		}
		l := &order.Lines[i]
		paid := l.Total // what the customer has paid for the line
		if !order.TaxIncluded {
			paid += l.Tax
		}
		amount := r.Amount
		if amount == 0 {
			amount = paid * int64(r.Quantity) / int64(l.Quantity)
		}
		if r.Quantity > l.Quantity || amount <= 0 || amount > paid-l.Refunded {
			return 0, errInvalid.Field("body.lines", "of line %d at most %d can be refunded", r.Line, paid-l.Refunded)
		}
		l.Refunded += amount
		sum += amount
	}
	return sum, writeLines(tx, &order)
}
