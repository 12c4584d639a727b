package timer

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every alarm rings, and none early, in whatever order they were set.
func TestAlarmsRing(t *testing.T) {
	q, err := NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			due := time.Now().Add(time.Duration(rand.IntN(30_000)-1000) * time.Microsecond)
			<-q.At(due)
			if early := time.Until(due); early > 0 {
				t.Errorf("an alarm rang %v early", early)
			}
		})
	}
	all.Wait()
}

func TestCloseRingsAll(t *testing.T) {
	q, err := NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	alarm := q.At(time.Now().Add(time.Hour))
	q.Close()
	<-alarm
	<-q.At(time.Now().Add(time.Hour))
}

func TestSleepIsNotShort(t *testing.T) {
	timer, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{-1, 0, 1, time.Microsecond, time.Millisecond, 20 * time.Millisecond} {
		began := time.Now()
		timer.Sleep(d)
		if took := time.Since(began); took < d {
			t.Errorf("slept %v of %v", took, d)
		}
	}
	time.AfterFunc(20*time.Millisecond, timer.Close)
	timer.Sleep(time.Hour)
}

// BenchmarkLate measures how late a wait of 300 µs returns, with this timer and with
// Go's.
func BenchmarkLate(b *testing.B) {
	const d = 300 * time.Microsecond
	timer, err := New()
	if err != nil {
		b.Fatal(err)
	}
	defer timer.Close()
	for name, sleep := range map[string]func(time.Duration){"timer": timer.Sleep, "go": time.Sleep} {
		b.Run(name, func(b *testing.B) {
			var late time.Duration
			for b.Loop() {
				began := time.Now()
				sleep(d)
				late += time.Since(began) - d
			}
			b.ReportMetric(float64(late.Microseconds())/float64(b.N), "µs-late/op")
		})
	}
}
