// Package browser does with a headless Chromium or Chrome what needs a browser: it prints pages.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Variable is the environment variable that names the program to use. Without it, the program is
// searched in its usual places.
const Variable = "CHROME_PATH"

// ErrMissing means that no browser is installed.
var ErrMissing = errors.New("no Chromium or Chrome was found")

// Start starts a browser with a new profile and returns a context for chromedp. The function
// cancel stops the browser. The error wraps ErrMissing if no browser is installed.
func Start(ctx context.Context) (_ context.Context, cancel context.CancelFunc, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU)
	if path := os.Getenv(Variable); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the sandbox refuses root
	}
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, closeTab := chromedp.NewContext(ctx)
	cancel = func() { closeTab(); stop() }
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w (%w)", ErrMissing, err)
		}
		return nil, nil, err
	}
	return ctx, cancel, nil
}

// printTimeout is how long PDF may take.
const printTimeout = 2 * time.Minute

// PDF prints an HTML page. The PDF has page numbers, an outline, and tags for screen readers.
func PDF(ctx context.Context, html []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, printTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "bench-pdf-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		return nil, err
	}
	ctx, stop, err := Start(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		return nil, fmt.Errorf("load the page to print: %w", err)
	}
	yes := true
	printed, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{
		PrintBackground:         &yes,
		PreferCSSPageSize:       &yes,
		GenerateTaggedPDF:       &yes,
		GenerateDocumentOutline: &yes,
		DisplayHeaderFooter:     &yes,
		HeaderTemplate:          "<span></span>",
		FooterTemplate:          footer,
	})
	if err != nil {
		return nil, fmt.Errorf("print the page: %w", err)
	}
	return printed.Data, nil
}

// footer is the template of a page's last line: its number and how many pages there are.
const footer = `<div style="width:100%;font:8px sans-serif;text-align:center;color:#555">` +
	`<span class="pageNumber"></span> / <span class="totalPages"></span></div>`
