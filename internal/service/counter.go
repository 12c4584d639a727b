package service

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// counter asks a database how many queries it has had.
type counter struct {
	url, sql string
	conn     *pgx.Conn
}

// patience is how long a database may refuse connections after it has opened its port.
const patience = 5 * time.Second

// count asks, over a connection that is kept; a broken one is made anew.
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
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *counter) close(ctx context.Context) {
	if c.conn != nil {
		c.conn.Close(ctx)
	}
	c.conn = nil
}
