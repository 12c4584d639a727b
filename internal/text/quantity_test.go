package text

import (
	"math"
	"testing"
)

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{.0000005, "s", "0.5 µs"},
		{.00025, "s", "250 µs"},
		{.0216, "s", "21.6 ms"},
		{1.5, "s", "1.5 s"},
		{12345.6, "1/s", "12,346/s"},
		{1234567, "1/s", "1,234,567/s"},
		{-1234, "", "-1,234"},
		{99.5, "1/s", "99.5/s"},
		{10, "1/s", "10/s"},
		{52428800, "B", "50 MiB"},
		{math.NaN(), "s", "–"},
	} {
		if got := Quantity(c.value, c.unit); got != c.want {
			t.Errorf("%g %s is %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
