package sdk

// exponents of the currencies that do not have two decimals (ISO 4217).
var exponents = map[string]uint32{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0,
	"VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}

// Exponent is the number of decimals of a currency.
func Exponent(currency string) uint32 {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return 2
}
