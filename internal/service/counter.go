package service

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// counter asks a database how many queries it has answered. Its zero value counts nothing.
type counter struct {
	url, sql string
	conn     *pgx.Conn // nil if there is none
}

const (
	// patience is how long a database may refuse queries after it has opened its port.
	patience = 5 * time.Second
	// retryInterval is the time between two attempts.
	retryInterval = 20 * time.Millisecond
)

// count returns the number of queries so far. It keeps its connection, and replaces a broken one.
func (c *counter) count(ctx context.Context) (n uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if c.conn == nil {
			c.conn, err = pgx.Connect(ctx, c.url)
		}
		if err == nil {
			var signed int64
			if err = c.conn.QueryRow(ctx, c.sql).Scan(&signed); err == nil {
				return uint64(signed), nil
			}
		}
		c.close(ctx)
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(retryInterval):
		}
	}
}

func (c *counter) close(ctx context.Context) {
	if c.conn != nil {
		_ = c.conn.Close(ctx)
	}
	c.conn = nil
}
