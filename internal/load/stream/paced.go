package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/load/drive"
	"github.com/claimbench/claimbench/internal/wire"
)

// errStatus is wrapped by the error of an answer with an unexpected status.
var errStatus = errors.New("an unexpected status")

// maxDeliveries is the most deliveries of a drive: it keeps eight bytes of each.
const maxDeliveries = 1 << 28

// tooLarge returns the error for a drive of more hits than maxDeliveries.
func tooLarge(hits string) error {
	const text = "a drive may have %d %s, but the schedule has more: lower its rate or its duration"
	return fmt.Errorf(text, maxDeliveries, hits)
}

// defaultTimeout is the timeout of a workload that names none.
const defaultTimeout = 5 * time.Second

// timeout returns the workload's timeout.
func timeout(w bench.Workload) time.Duration {
	if w.Timeout.Duration == 0 {
		return defaultTimeout
	}
	return w.Timeout.Duration
}

// pacedDrive is a drive that calls its driver when each arrival of the schedule is due.
type pacedDrive struct {
	*drive.Drive
	wire  *wire.Transport
	pacer *drive.Pacer
}

// newPacedDrive returns a drive that has not started. It refuses a closed loop.
func newPacedDrive(ctx context.Context, s bench.Schedule, t *wire.Transport) (*pacedDrive, error) {
	if !s.OpenLoop() {
		return nil, fmt.Errorf("%w: messages and streams need a rate", drive.ErrClosedLoop)
	}
	shared, err := drive.New(ctx, s)
	if err != nil {
		return nil, err
	}
	pacer, err := shared.NewPacer(drive.Whole())
	if err != nil {
		shared.Abandon()
		return nil, err
	}
	return &pacedDrive{Drive: shared, wire: t, pacer: pacer}, nil
}

// follow calls send for each arrival of the schedule when it is due, one after the
// other, so send must not wait. It returns early if the drive is canceled, or once
// the schedule is over by the grace period.
func (d *pacedDrive) follow(send func(k int, due time.Duration)) {
	defer d.pacer.Close()
	for k := 0; ; k++ {
		due, ok := d.pacer.Wait()
		if !ok {
			return
		}
		send(k, due)
	}
}

// finish fills in the statistics of a drive that ran for a time, except Sent, Elapsed
// and ClockStep. PerArrival is the number of hits of each arrival of the schedule.
func (d *pacedDrive) finish(stats *bench.DriveStats, ran time.Duration, perArrival int) {
	stats.Start = d.StartTime()
	stats.FlightError = -1
	stats.Attackers = 1
	if !d.Canceled() { // otherwise arrivals that were not yet due are not missed
		ran = d.Schedule().Duration.Duration
	}
	stats.Planned = max(drive.Planned(d.Schedule(), ran)*uint64(perArrival), stats.Sent)
	stats.Censored = stats.Planned - stats.Sent
	d.Report(stats)
}

// errorKind returns the kind of an error, one of bench's constants.
func (d *pacedDrive) errorKind(err error) string {
	if errors.Is(err, errStatus) {
		return bench.ErrStatus
	}
	return d.ErrorKind(err)
}

// serverAddress returns the URL of the workload's path, and the address to dial as
// host:port.
func serverAddress(base string, w bench.Workload) (address *url.URL, host string, err error) {
	address, err = drive.Address(base, w)
	switch {
	case err != nil:
		return nil, "", err
	case address.Scheme != "http" || address.Hostname() == "":
		return nil, "", fmt.Errorf("%q is not an http address: messages and streams need http://HOST:PORT", base+w.Path)
	case address.Port() == "":
		return address, net.JoinHostPort(address.Hostname(), "80"), nil
	}
	return address, address.Host, nil
}

// getRequest writes out a GET with the workload's headers and with more headers.
func getRequest(address *url.URL, w bench.Workload, more map[string]string) ([]byte, error) {
	req, err := drive.NewRequest(http.MethodGet, address, nil, w)
	if err != nil {
		return nil, err
	}
	for k, v := range more {
		req.Header.Set(k, v)
	}
	var b bytes.Buffer
	err = req.Write(&b)
	return b.Bytes(), err
}
