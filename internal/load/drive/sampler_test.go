package drive

import (
	"math"
	"testing"
)

func TestMeanInFlightHasItsStandardError(t *testing.T) {
	// Batches of two samples alternate between 0 and 2 in flight. The mean is 1, and each
	// batch mean is 1 away from it.
	var o Observation
	for i := range 2 * batches {
		o.inFlight = append(o.inFlight, int64(i/2%2)*2)
	}
	mean, se := o.MeanInFlight()
	if want := math.Sqrt(batches / (batches - 1.0) / batches); mean != 1 || math.Abs(se-want) > 1e-12 {
		t.Errorf("mean %v, standard error %v; want 1 and %v", mean, se, want)
	}
	if _, se := (Observation{inFlight: []int64{1, 2}}).MeanInFlight(); se >= 0 {
		t.Errorf("standard error %v of two samples", se)
	}
}
