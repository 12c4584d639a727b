package compare

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.jsonl")
	for night := range 6 {
		study, _ := pairOf(3)
		study.Seed = uint64(night)
		study.Directory.Environment.Time = time.Date(2026, 1, 1+night, 2, 0, 0, 0, time.UTC)
		r := judged(t, study.Write(t))
		if err := AddNight(file, r); err != nil {
			t.Fatal(err)
		}
		if err := AddNight(file, r); err == nil || !strings.Contains(err.Error(), "already") {
			t.Fatalf("the same night twice: %v", err)
		}
	}
	nights, err := ReadHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(nights) != 6 {
		t.Fatalf("%d nights, want 6", len(nights))
	}
	trend, err := Follow(nights, 3)
	if err != nil {
		t.Fatal(err)
	}
	if trend.Nights != 6 || len(trend.Series) < 8 {
		t.Fatalf("%d nights and %d series, want 6 and 8 or more", trend.Nights, len(trend.Series))
	}
	named := func(s Series) bool { return s.Name == "json/node-a p50 at 500/s" }
	s := trend.Series[slices.IndexFunc(trend.Series, named)]
	if want := "json/node-a: median response time at 500/s"; s.Title != want {
		t.Errorf("the title is %q, want %q", s.Title, want)
	}
	if len(s.Values) != 6 || math.Abs(s.Values[0]/.00805-1) > .1 {
		t.Errorf("values are %v, want 6 of about 0.00805 s", s.Values)
	}
	if s.Ratio == nil || math.Abs(*s.Ratio-1) > .1 {
		t.Errorf("the ratio of %+v is not about 1", s)
	}
}

func TestDamagedHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.WriteFile(file, []byte("{\"schema\":1}\nnonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := "history.jsonl:2: this line is not one night"
	if _, err := ReadHistory(file); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q", err, want)
	}
	if _, err := Follow(nil, 3); err == nil {
		t.Error("an empty history has a trend")
	}
}
