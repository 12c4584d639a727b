package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/claimbench/claimbench/internal/bench"
)

// row is a hit as hits.parquet holds it.
type row struct {
	Phase     string `parquet:"phase,dict,zstd"`
	Seq       int64  `parquet:"seq,delta,zstd"`
	DueNS     int64  `parquet:"due_ns,delta,zstd"`     // since the start of the phase
	LagNS     int64  `parquet:"lag_ns,delta,zstd"`     // sent - due
	LatencyNS int64  `parquet:"latency_ns,delta,zstd"` // done - sent
	Code      int32  `parquet:"code,dict,zstd"`
	Err       string `parquet:"err,dict,zstd"`
	BytesIn   int64  `parquet:"bytes_in,dict,zstd"`
	BytesOut  int64  `parquet:"bytes_out,dict,zstd"`
}

// rowsAtOnce is how many rows are held in memory before they are written.
const rowsAtOnce = 16384

// Hits writes hits to a Parquet file as they come, in bounded memory. Each belongs to the phase that was
// last started by Begin.
type Hits struct {
	file   *os.File
	writer *parquet.GenericWriter[row]
	phase  string
	rows   []row
}

// CreateHits creates the file, which must not exist.
func CreateHits(path string) (*Hits, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return &Hits{
		file:   file,
		writer: parquet.NewGenericWriter[row](file, parquet.MaxRowsPerRowGroup(8*rowsAtOnce)),
		rows:   make([]row, 0, rowsAtOnce),
	}, nil
}

// Begin makes all later hits belong to the phase of that name.
func (h *Hits) Begin(phase string) { h.phase = phase }

// Record writes one hit.
func (h *Hits) Record(hit bench.Hit) error {
	h.rows = append(h.rows, row{
		Phase:     h.phase,
		Seq:       int64(hit.Seq),
		DueNS:     int64(hit.Due),
		LagNS:     int64(hit.Lag()),
		LatencyNS: int64(hit.Latency()),
		Code:      int32(hit.Code),
		Err:       hit.Err,
		BytesIn:   hit.BytesIn,
		BytesOut:  hit.BytesOut,
	})
	if len(h.rows) == cap(h.rows) {
		return h.flush()
	}
	return nil
}

func (h *Hits) flush() error {
	_, err := h.writer.Write(h.rows)
	h.rows = h.rows[:0]
	return err
}

// Close writes the remaining rows and completes the file.
func (h *Hits) Close() error {
	return errors.Join(h.flush(), h.writer.Close(), h.file.Sync(), h.file.Close())
}

// EachHit calls f with every hit of the file, in the order in which the hits were done, in bounded memory.
func EachHit(path string, f func(phase string, h bench.Hit)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := parquet.OpenFile(file, info.Size()); err != nil { // a truncated file is an error, not a panic
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	reader := parquet.NewGenericReader[row](file)
	defer func() { _ = reader.Close() }() // only read
	rows := make([]row, 4096)
	for {
		n, err := reader.Read(rows)
		for _, r := range rows[:n] {
			sent := r.DueNS + r.LagNS
			f(r.Phase, bench.Hit{
				Seq:      uint64(r.Seq),
				Due:      time.Duration(r.DueNS),
				Sent:     time.Duration(sent),
				Done:     time.Duration(sent + r.LatencyNS),
				Code:     int(r.Code),
				Err:      r.Err,
				BytesIn:  r.BytesIn,
				BytesOut: r.BytesOut,
			})
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s is damaged: %w", path, err)
		}
	}
}
