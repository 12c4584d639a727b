package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that is written with its unit ("5s", "20ms").
type Duration struct{ time.Duration }

// MarshalText writes the duration as time.Duration.String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a positive duration with a unit.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a duration; write a number with a unit, such as 10s or 250ms", text)
	case v <= 0:
		return fmt.Errorf("duration %q must be positive", text)
	}
	d.Duration = v
	return nil
}

// Rate is a number of requests per second, written "200/s".
type Rate float64

// MarshalText writes the rate as UnmarshalText reads it.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s" }

// UnmarshalText reads "200/s" or a plain number of requests per second.
func (r *Rate) UnmarshalText(text []byte) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "/s"), 64)
	switch {
	case err != nil || math.IsInf(v, 0) || math.IsNaN(v):
		return fmt.Errorf("%q is not a rate; write requests per second, such as 200/s", text)
	case v <= 0:
		return fmt.Errorf("rate %q must be positive", text)
	}
	*r = Rate(v)
	return nil
}

// Percent is a fraction that is written in percent: 0.1 is "10%".
type Percent float64

// MarshalText writes the fraction as UnmarshalText reads it.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p Percent) String() string { return strconv.FormatFloat(float64(p)*100, 'g', 6, 64) + "%" }

// UnmarshalText reads "10%". The sign is required, so that nobody confuses 10 with 0.1.
func (p *Percent) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "%")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case !ok || err != nil || math.IsNaN(v):
		return fmt.Errorf("%q is not a percentage; write a number with a percent sign, such as 10%%", text)
	case v < 0 || v >= 100:
		return fmt.Errorf("percentage %q must be at least 0%% and less than 100%%", text)
	}
	*p = Percent(v / 100)
	return nil
}
