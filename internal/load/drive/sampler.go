package drive

import (
	"math"
	"math/rand/v2"
	"time"
)

// sampleInterval is the mean time from one sample of the requests in flight to the
// next. The times between are random (exponential): regular ones could fall in step
// with regular arrivals, and a random observer sees the mean over time.
const sampleInterval = 10 * time.Millisecond

// Observation holds the figures that the sampler took of a drive.
type Observation struct {
	Ran       time.Duration // start to Stop
	ClockStep time.Duration // most that the wall clock moved against the monotonic one

	inFlight []int64 // samples
}

// sample counts the requests in flight, and watches for steps of the wall clock,
// until the drive stops.
func (d *Drive) sample() {
	defer d.sampler.Close()
	random := rand.New(rand.NewPCG(d.schedule.Seed, 0x5851f42d4c957f2d))
	var o Observation
	for {
		d.sampler.Sleep(min(time.Duration(random.ExpFloat64()*float64(sampleInterval)), 10*sampleInterval))
		o.ClockStep = max(o.ClockStep, d.step().Abs())
		select {
		case <-d.stop:
			d.seen <- o
			return
		default:
			o.inFlight = append(o.inFlight, d.InFlight.Now())
		}
	}
}

// batches is the number of batches that the samples are cut into for their standard
// error: neighboring samples may be of the same request, so they are not independent.
const batches = 20

// MeanInFlight returns the mean number of requests in flight, and its standard error
// by batch means. The standard error is negative with fewer than 20 samples.
func (o Observation) MeanInFlight() (mean, standardError float64) {
	n := len(o.inFlight)
	if n == 0 {
		return 0, -1
	}
	for _, c := range o.inFlight {
		mean += float64(c)
	}
	mean /= float64(n)
	size := n / batches
	if size == 0 {
		return mean, -1
	}
	for b := range batches {
		sum := 0.0
		for _, c := range o.inFlight[b*size : (b+1)*size] {
			sum += float64(c)
		}
		standardError += math.Pow(sum/float64(size)-mean, 2)
	}
	return mean, math.Sqrt(standardError / (batches - 1) / batches)
}
