package text

import (
	"fmt"
	"math"
	"strings"
)

// missing stands for a number that is not known (NaN).
const missing = "–"

// Number formats x with three significant digits, or as a whole number from 100 on.
// Commas separate thousands. NaN is "–".
func Number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return missing
	case a >= 1000:
		return separateThousands(fmt.Sprintf("%.0f", x))
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	default:
		return fmt.Sprintf("%.3g", x)
	}
}

func separateThousands(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Quantity formats x, which is in the given base unit, with its unit. Seconds ("s") become
// µs or ms below 1 s, and bytes ("B") become MiB. "1/s" becomes "/s". NaN is "–".
func Quantity(x float64, unit string) string {
	if math.IsNaN(x) {
		return missing
	}
	switch unit {
	case "s":
		switch {
		case x < .001:
			return Number(x*1e6) + " µs"
		case x < 1:
			return Number(x*1e3) + " ms"
		}
		return Number(x) + " s"
	case "B":
		return Number(x/(1<<20)) + " MiB"
	case "1/s":
		return Number(x) + "/s"
	}
	return strings.TrimSpace(Number(x) + " " + unit)
}
