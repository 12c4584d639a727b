package text

import (
	"fmt"
	"math"
	"strings"
)

// Number has three significant digits.
func Number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case a >= 1000:
		return group(fmt.Sprintf("%.0f", x))
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	default:
		return fmt.Sprintf("%.3g", x)
	}
}

// group puts a thin comma between thousands.
func group(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Quantity is a number with its unit in a size that reads well.
func Quantity(x float64, unit string) string {
	if math.IsNaN(x) {
		return "–"
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
