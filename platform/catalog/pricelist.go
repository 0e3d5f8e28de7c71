package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/money"
	"allhours/tenants"
	"allhours/tenants/audit"
)

// PriceList is a set of prices in one currency. Shoppers pay those of their currency's default list.
type PriceList struct {
	ID          uuid.UUID `json:"id"`
	Name        string    `json:"name"`
	Currency    string    `json:"currency"`
	TaxIncluded bool      `json:"tax_included"`
	Default     bool      `json:"default" gorm:"column:is_default"`
	Prices      int       `json:"prices" doc:"How many variants have a price in it."`
	Version     int64     `json:"version"`
}

// PriceListInput is what can be said about a price list. The currency of one that has prices stays.
type PriceListInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"100"`
	Currency    string `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217."`
	TaxIncluded bool   `json:"tax_included"`
	Default     bool   `json:"default" doc:"What shoppers pay in this currency; the list that was the default until now is no longer."`
	Version     int64  `json:"version,omitempty" doc:"The version that was read; needed to change one."`
}

var (
	errNoPriceList       = fault.New(fault.NotFound, "catalog.price_list_not_found", "There is no such price list.")
	errPriceListName     = fault.New(fault.Conflict, "catalog.price_list_name_taken", "There is a price list of this name. Choose another.").Field("name", "taken")
	errPriceListCurrency = fault.New(fault.Conflict, "catalog.price_list_has_prices", "The list has prices in its currency. Make another list for another currency.").Field("currency", "cannot change")
	errPriceListDefault  = fault.New(fault.Conflict, "catalog.price_list_is_default", "Shoppers pay by this list. Make another list of the currency the default instead.").Field("default", "cannot be taken away")
	errTaxRates          = fault.New(fault.Invalid, "catalog.tax_rates_invalid", "The tax rates are not complete. See the marked fields.")
)

func (in *PriceListInput) check() error {
	p := problems{}
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" {
		p.blame("name", "must not be empty")
	}
	if _, err := money.Exponent(in.Currency); err != nil {
		p.blame("currency", "is not a currency of ISO 4217")
	}
	return p.err(fault.New(fault.Invalid, "catalog.price_list_invalid", "The price list is not complete. See the marked fields."))
}

const priceListColumns = `l.id, l.name, l.currency, l.tax_included, l.is_default, l.version, (SELECT count(DISTINCT r.variant_id) FROM prices r WHERE r.tenant_id = l.tenant_id AND r.price_list_id = l.id) AS prices`

// PriceLists lists all of them, defaults first.
func (c *Catalog) PriceLists(ctx context.Context, sc db.Scope) (out []PriceList, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = priceLists(tx)
		return err
	})
	return out, err
}

func priceLists(tx *db.Tx) (out []PriceList, err error) {
	if err = tx.Raw(`SELECT ` + priceListColumns + ` FROM price_lists l ORDER BY l.is_default DESC, l.currency, l.name`).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("list price lists: %w", err)
	}
	return out, nil
}

// AddPriceList makes a price list. The first of a currency is its default.
func (c *Catalog) AddPriceList(ctx context.Context, sc db.Scope, in PriceListInput) (out PriceList, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.AddPriceListTx(tx, in)
		return err
	})
	return out, err
}

// AddPriceListTx is AddPriceList for a caller's transaction.
func (c *Catalog) AddPriceListTx(tx *db.Tx, in PriceListInput) (PriceList, error) {
	if err := in.check(); err != nil {
		return PriceList{}, err
	}
	id := db.NewID()
	if err := tx.Exec(`SELECT 1 FROM price_lists WHERE currency = ? FOR UPDATE`, in.Currency).Error; err != nil {
		return PriceList{}, err
	}
	if in.Default {
		if err := dethrone(tx, in.Currency, id); err != nil {
			return PriceList{}, err
		}
	}
	err := tx.Exec(`INSERT INTO price_lists (tenant_id, id, name, currency, tax_included, is_default, created_at, updated_at)
		SELECT current_tenant(), ?, ?, ?, ?, ? OR NOT EXISTS (SELECT 1 FROM price_lists WHERE currency = ? AND is_default), ?, ?`, id, in.Name, in.Currency, in.TaxIncluded, in.Default, in.Currency, tx.Now, tx.Now).Error
	if err := priceListProblem(err); err != nil {
		return PriceList{}, err
	}
	out, err := priceList(tx, id, "")
	if err != nil {
		return PriceList{}, err
	}
	if err := c.changed(tx, "product.changed", nil); err != nil {
		return PriceList{}, err
	}
	return out, audit.Append(tx, audit.Entry{Action: "price_list.create", ObjectType: "price_list", ObjectID: id.String(), After: out})
}

func priceList(tx *db.Tx, id uuid.UUID, lock string) (out PriceList, err error) {
	err = tx.Raw(`SELECT `+priceListColumns+` FROM price_lists l WHERE l.id = ? `+lock, id).Take(&out).Error
	if db.IsNotFound(err) {
		return out, errNoPriceList
	}
	return out, err
}

func priceListProblem(err error) error {
	switch {
	case db.Violates(err, "price_lists_name_key"):
		return errPriceListName
	case err != nil:
		return fmt.Errorf("write price list: %w", err)
	}
	return nil
}

func dethrone(tx *db.Tx, currency string, except uuid.UUID) error {
	return tx.Exec(`UPDATE price_lists SET is_default = false, version = version + 1, updated_at = ? WHERE currency = ? AND is_default AND id <> ?`, tx.Now, currency, except).Error
}

// ChangePriceList replaces what is said about the list if it still has in.Version. What it changes for shoppers counts as a change of every product.
func (c *Catalog) ChangePriceList(ctx context.Context, sc db.Scope, id uuid.UUID, in PriceListInput) (out PriceList, err error) {
	if err := in.check(); err != nil {
		return PriceList{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		before, err := priceList(tx, id, "FOR UPDATE OF l")
		switch {
		case err != nil:
			return err
		case before.Version != in.Version:
			return ErrChanged.With("current", before)
		case before.Currency != in.Currency && before.Prices > 0:
			return errPriceListCurrency
		case before.Default && (!in.Default || before.Currency != in.Currency):
			return errPriceListDefault
		}
		if in.Default {
			if err := dethrone(tx, in.Currency, id); err != nil {
				return err
			}
		}
		err = tx.Exec(`UPDATE price_lists SET name = ?, currency = ?, tax_included = ?, is_default = ?, version = version + 1, updated_at = ? WHERE id = ?`, in.Name, in.Currency, in.TaxIncluded, in.Default, tx.Now, id).Error
		if err := priceListProblem(err); err != nil {
			return err
		}
		if out, err = priceList(tx, id, ""); err != nil {
			return err
		}
		if before.TaxIncluded != in.TaxIncluded || before.Default != in.Default {
			if err := tx.Exec(`UPDATE products SET version = version + 1, updated_at = ? WHERE status <> 'archived'`, tx.Now).Error; err != nil {
				return err
			}
		}
		if err := c.changed(tx, "product.changed", nil); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "price_list.change", ObjectType: "price_list", ObjectID: id.String(), Before: before, After: out})
	})
	return out, err
}

// TaxRates lists the tenant's rates.
func (c *Catalog) TaxRates(ctx context.Context, sc db.Scope) (out []TaxRate, err error) {
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = taxRates(tx)
		return err
	})
	return out, err
}

func taxRates(tx *db.Tx) (out []TaxRate, err error) {
	if err = tx.Raw(`SELECT tax_class, country, basis_points FROM tax_rates ORDER BY tax_class, country`).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("list tax rates: %w", err)
	}
	return out, nil
}

// SetTaxRates replaces the whole table of rates.
func (c *Catalog) SetTaxRates(ctx context.Context, sc db.Scope, rates []TaxRate) ([]TaxRate, error) {
	err := c.db.InTx(ctx, sc, func(tx *db.Tx) error { return c.setTaxRatesTx(tx, rates) })
	return rates, err
}

func (c *Catalog) setTaxRatesTx(tx *db.Tx, rates []TaxRate) error {
	p := problems{}
	seen := map[taxKey]bool{}
	for i, r := range rates {
		field := fmt.Sprintf("rates[%d]", i)
		k := taxKey{r.TaxClass, r.Country}
		if r.TaxClass == "" || seen[k] {
			p.blame(field+".tax_class", "needs a name, once for each country")
		}
		seen[k] = true
		if r.Country != "" && len(r.Country) != 2 {
			p.blame(field+".country", "must be two letters of ISO 3166-1, or empty for everywhere else")
		}
		if r.BasisPoints < 0 || r.BasisPoints > 10_000 {
			p.blame(field+".basis_points", "must be between 0 and 10,000 (100 %)")
		}
	}
	if err := p.err(errTaxRates); err != nil {
		return err
	}
	before, err := taxRates(tx)
	if err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM tax_rates`).Error; err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO tax_rates (tenant_id, tax_class, country, basis_points) SELECT current_tenant(), tax_class, country, basis_points FROM jsonb_to_recordset(?::jsonb) AS r(tax_class text, country text, basis_points int)`, rows(append([]TaxRate{}, rates...))).Error
	if err != nil {
		return fmt.Errorf("write tax rates: %w", err)
	}
	if err := c.changed(tx, "product.changed", nil); err != nil {
		return err
	}
	return audit.Append(tx, audit.Entry{Action: "tax_rates.change", ObjectType: "tax_rates", ObjectID: tx.Scope.Tenant.String(), Before: before, After: rates})
}

// Provision gives a new shop a default price list in its currency, its country's usual tax rate and the shelves of its industry.
func (c *Catalog) Provision(tx *db.Tx, t tenants.Tenant, p tenants.Preset) error {
	if _, err := c.AddPriceListTx(tx, PriceListInput{Name: "Standard", Currency: t.Currency, TaxIncluded: p.Tax.Included, Default: true}); err != nil {
		return err
	}
	for i, s := range p.Categories {
		if _, err := c.AddCategoryTx(tx, CategoryInput{Slug: s.Slug, Title: s.Title, Rank: i}); err != nil {
			return err
		}
	}
	return c.setTaxRatesTx(tx, []TaxRate{{TaxClass: "standard", Country: t.Country, BasisPoints: p.Tax.BasisPoints}, {TaxClass: "zero"}})
}
