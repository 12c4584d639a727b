package service

import (
	"errors"
	"testing"

	"github.com/claimbench/claimbench/internal/target"
)

func TestReasonIsOneLine(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no log", errors.New("no engine\nmore"), "no engine"},
		{"empty log", &target.Error{Err: errors.New("it failed")}, "it failed"},
		{"log", &target.Error{Err: errors.New("it failed"), Log: "starting\nno disk\n"}, "no disk"},
		{"log with a name", &target.Error{Err: errors.New("it failed"), Log: "db: no disk: full"}, "no disk: full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := reason(c.err); got != c.want {
				t.Errorf("the reason is %q, want %q", got, c.want)
			}
		})
	}
}
