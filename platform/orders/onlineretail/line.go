package onlineretail

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Europe/London on machines without zone files

	"allhours/platform/base/fault"
	"allhours/platform/base/money"
)

// Reasons for which a line is refused, in the order in which they are looked for: the first that fits is given.
const (
	Malformed       = "malformed"         // not eight cells, or a number or date that is none
	CountryUnknown  = "country_unknown"   // a country that the data set does not have
	Service         = "service"           // postage, fees, discounts, vouchers: nothing that lies on a shelf
	StockCorrection = "stock_correction"  // a negative quantity that is no cancellation, or the other way round
	NoName          = "no_name"           // an empty description
	ZeroPrice       = "zero_price"        // a correction, a sample or a gift
	PennyFraction   = "fraction_of_penny" // a price that no one can pay
)

var reasons = map[string]string{
	Malformed: "The line does not have eight cells with a number and a date where they belong.", CountryUnknown: "The country is not one of the data set's.",
	Service: "The stock code is a service, a fee or a voucher.", StockCorrection: "The quantity is a correction of the stock.", NoName: "The line has no description.",
	ZeroPrice: "The price is 0.", PennyFraction: "The price is not a whole number of pence.",
}

// services are the stock codes that are none.
var services = []string{"POST", "DOT", "M", "D", "S", "C2", "B", "CRUK", "AMAZONFEE", "BANK CHARGES"}

// line is a line of the file that can be taken over.
type line struct {
	no         int64
	invoice    string
	cancels    bool
	sku        string
	name       string
	quantity   int64 // above 0, also of a cancellation
	price      int64 // pence
	at         time.Time
	customer   string
	country    string // ISO 3166-1 alpha-2; "" where the data set does not say
	refused    string // reason, or ""
	field, raw string
}

func (l line) amount() int64 { return l.quantity * l.price }

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("onlineretail: " + err.Error()) // time/tzdata is linked in
	}
	return l
}()

var header = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

var errHeader = fault.New(fault.Invalid, "online_retail.header", "The file must begin with the line %s.", strings.Join(header, ","))

// each goes through the file, gzipped or not, line by line; it holds one at a time.
func each(open func() (io.ReadCloser, error), fn func(l line) error) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 256<<10)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fault.New(fault.Invalid, "online_retail.gzip", "The file is not whole: %v.", err)
		}
		in = bufio.NewReaderSize(z, 256<<10)
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	first, err := r.Read()
	if err != nil || !slices.Equal(first, header) {
		return errHeader.Wrap(err)
	}
	for {
		cells, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if err := fn(line{no: int64(bad.StartLine), refused: Malformed}); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("read file: %w", err)
		}
		no, _ := r.FieldPos(0)
		l := parse(cells)
		l.no = int64(no)
		if l.refused != "" {
			l.raw = strings.Join(cells, ",")
		}
		if err := fn(l); err != nil {
			return err
		}
	}
}

// parse reads the cells, which are used again for the next line.
func parse(cells []string) (l line) {
	refuse := func(reason, field string) line {
		l.refused, l.field = reason, field
		return l
	}
	if len(cells) != len(header) {
		return refuse(Malformed, "")
	}
	// StockCode is written in either case for the same thing.
	l.invoice, l.sku, l.name = strings.Clone(strings.TrimSpace(cells[0])), strings.ToUpper(strings.TrimSpace(cells[1])), strings.Join(strings.Fields(cells[2]), " ")
	l.cancels = strings.HasPrefix(l.invoice, "C")
	quantity, err := strconv.ParseInt(cells[3], 10, 64)
	if err != nil || l.invoice == "" || l.sku == "" || quantity > 1_000_000 || quantity < -1_000_000 {
		return refuse(Malformed, "Quantity")
	}
	if l.at, err = time.ParseInLocation("2006-01-02T15:04:05", cells[4], london); err != nil {
		return refuse(Malformed, "InvoiceDate")
	}
	l.at = l.at.UTC()
	price, err := money.Parse(cells[5], "GBP")
	fraction := fault.Of(err) != nil && fault.Of(err).Data["decimals"] != nil
	if err != nil && !fraction || price.Amount < 0 || price.Amount > 100_000_000 {
		return refuse(Malformed, "UnitPrice")
	}
	l.customer, l.price = strings.Clone(strings.TrimSpace(cells[6])), price.Amount
	country, known := countries[strings.TrimSpace(cells[7])]
	l.country = country
	switch {
	case !known:
		return refuse(CountryUnknown, "Country")
	case slices.Contains(services, l.sku) || strings.HasPrefix(l.sku, "GIFT_"):
		return refuse(Service, "StockCode")
	case quantity == 0 || (quantity < 0) != l.cancels:
		return refuse(StockCorrection, "Quantity")
	case l.name == "":
		return refuse(NoName, "Description")
	case fraction:
		return refuse(PennyFraction, "UnitPrice")
	case price.Amount == 0:
		return refuse(ZeroPrice, "UnitPrice")
	}
	l.quantity = max(quantity, -quantity)
	return l
}

// countries are those of the whole data set (1 December 2010 to 9 December 2011). Where a name is no country, the code is empty; the Channel Islands are Jersey's.
var countries = map[string]string{
	"Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Channel Islands": "JE", "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK",
	"EIRE": "IE", "European Community": "", "Finland": "FI", "France": "FR", "Germany": "DE", "Greece": "GR", "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT", "Japan": "JP",
	"Lebanon": "LB", "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL", "Norway": "NO", "Poland": "PL", "Portugal": "PT", "RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES",
	"Sweden": "SE", "Switzerland": "CH", "USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB", "Unspecified": "",
}
