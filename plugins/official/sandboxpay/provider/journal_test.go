package provider

import (
	"bytes"
	"testing"
)

// FuzzJournal: whatever lies in the file, reading it ends, and what is read back is whole lines that were written.
func FuzzJournal(f *testing.F) {
	good := append(frame([]byte(`{"a":1}`)), frame([]byte(`{"b":2}`))...)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte("deadbeef {}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		var read []byte
		end, err := readJournal(bytes.NewReader(file), func(line []byte) error {
			read = append(read, frame(line)...)
			return nil
		})
		if end > int64(len(file)) || (err == nil && bytes.Contains(file[end:], []byte("\n"))) {
			t.Fatalf("good up to %d of %d, %v", end, len(file), err)
		}
		if !bytes.EqualFold(read, file[:end]) {
			t.Fatalf("read %q of %q", read, file[:end])
		}
	})
}

func TestSum(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]struct {
		minor    int64
		currency string
	}{"0.05 EUR": {5, "EUR"}, "1,299.00 GBP": {129900, "GBP"}, "1,500 JPY": {1500, "JPY"}, "1.234 KWD": {1234, "KWD"}, "1,234,567.89 CNY": {123456789, "CNY"}} {
		if got := sum(in.minor, in.currency); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
