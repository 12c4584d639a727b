package load

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/claimbench/claimbench/internal/load/drive"
)

// attack is one of vegeta's attackers with its share of the schedule.
type attack struct {
	attacker *vegeta.Attacker
	pacer    vegeta.Pacer
}

// newAttack returns the attacker of a share. In a closed loop the share is one of the
// connections, in an open loop one of the requests.
func (d *httpDrive) newAttack(share drive.Share) (attack, error) {
	t := &transport{httpDrive: d, share: share}
	client := vegeta.Client(&http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	s := d.Schedule()
	if !s.OpenLoop() {
		workers := (uint64(s.Connections) + share.N - 1 - share.Index) / share.N
		return attack{
			attacker: vegeta.NewAttacker(client, vegeta.Workers(workers), vegeta.MaxWorkers(workers)),
			pacer:    &closedPacer{d},
		}, nil
	}
	pacer, err := d.NewPacer(share)
	if err != nil {
		return attack{}, err
	}
	// A few workers more than may be in flight: they refuse the requests beyond.
	workers := uint64(d.maxInFlight) + 16
	t.dues = make(dueRing, 4*workers)
	return attack{
		attacker: vegeta.NewAttacker(client, vegeta.MaxWorkers(workers)),
		pacer:    &openPacer{pacer: pacer, dues: t.dues, rate: float64(s.Rate)},
	}, nil
}

// startAttacks starts the attackers. It closes the ledger once all have stopped.
func (d *httpDrive) startAttacks() {
	var running sync.WaitGroup
	for _, a := range d.attacks {
		results := a.attacker.Attack(target, a.pacer, 0, "")
		running.Go(func() {
			for range results { // the hits hold everything
			}
		})
	}
	go func() {
		running.Wait()
		d.hits.close() // vegeta closes results once its workers have returned
	}()
}

// target is the vegeta.Targeter of all attacks. It is as small as can be, because the
// transport sends the prepared request in its place.
func target(t *vegeta.Target) error {
	t.Method, t.URL = http.MethodGet, "/"
	return nil
}

// dueRing holds the due times of the latest requests by sequence number. A request
// reads its own as soon as a worker has taken it, so the ring need not be longer than
// the number of workers.
type dueRing []atomic.Int64

func (r dueRing) set(seq uint64, due time.Duration) { r[seq%uint64(len(r))].Store(int64(due)) }
func (r dueRing) get(seq uint64) time.Duration {
	return time.Duration(r[seq%uint64(len(r))].Load())
}

// openPacer is the vegeta.Pacer of an open loop.
type openPacer struct {
	pacer *drive.Pacer
	dues  dueRing
	rate  float64
}

// Pace implements vegeta.Pacer. It returns when the next request is due.
func (p *openPacer) Pace(_ time.Duration, hits uint64) (wait time.Duration, stop bool) {
	due, ok := p.pacer.Wait()
	if !ok {
		p.pacer.Close()
		return 0, true
	}
	p.dues.set(hits, due)
	return 0, false
}

// Rate implements vegeta.Pacer.
func (p *openPacer) Rate(time.Duration) float64 { return p.rate }

// closedPacer is the vegeta.Pacer of a closed loop. Workers send as fast as they are
// answered.
type closedPacer struct{ drive *httpDrive }

// Pace implements vegeta.Pacer. It never waits.
func (p *closedPacer) Pace(elapsed time.Duration, _ uint64) (wait time.Duration, stop bool) {
	return 0, p.drive.Canceled() || elapsed >= p.drive.Schedule().Duration.Duration
}

// Rate implements vegeta.Pacer.
func (p *closedPacer) Rate(time.Duration) float64 { return 0 }

var _, _ vegeta.Pacer = (*openPacer)(nil), (*closedPacer)(nil)
