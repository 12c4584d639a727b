package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"bench": main}) }

// exits checks the exit code of a command: exits CODE COMMAND...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var failed *exec.ExitError
	code := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// key writes a new private key: key FILE.
func key(ts *testscript.TestScript, _ bool, args []string) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), block, 0o600))
}

// TestScripts runs the built command as a person would, in a small project of real servers. Some keep
// the contract, and each other one breaks it in another way.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "key": key},
		Setup: func(env *testscript.Env) error {
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("HOME", filepath.Dir(cache)) // where runtime managers keep their versions
			env.Setenv("GOCOVERDIR", os.Getenv("GOCOVERDIR"))
			if err := os.CopyFS(env.WorkDir, os.DirFS("testdata/project")); err != nil {
				return err
			}
			return os.CopyFS(filepath.Join(env.WorkDir, "server"), os.DirFS("../../internal/target/targettest/server"))
		},
	})
}
