// Package browser has a headless Chromium or Chrome do what needs a browser: print a page.
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

// Variable names the program to take in place of the one that is found.
const Variable = "CHROME_PATH"

// ErrMissing says that there is no browser.
var ErrMissing = errors.New("no Chromium or Chrome was found")

// Start starts a browser with a profile of its own. Its context is one
// of chromedp's; cancel ends the browser. The error is ErrMissing where there is none.
func Start(ctx context.Context) (_ context.Context, cancel context.CancelFunc, err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU)
	if path := os.Getenv(Variable); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which refuses root
	}
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	ctx, closeTab := chromedp.NewContext(ctx)
	cancel = func() { closeTab(); end() }
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w (%w)", ErrMissing, err)
		}
		return nil, nil, err
	}
	return ctx, cancel, nil
}

// printing is the most that a PDF may take.
const printing = 2 * time.Minute

// PDF prints an HTML page, with page numbers, tags for screen readers and an outline.
func PDF(ctx context.Context, html []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, printing)
	defer cancel()
	dir, err := os.MkdirTemp("", "bench-pdf-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		return nil, err
	}
	ctx, end, err := Start(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		return nil, err
	}
	yes := true
	printed, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{
		PrintBackground: &yes, PreferCSSPageSize: &yes, GenerateTaggedPDF: &yes, GenerateDocumentOutline: &yes,
		DisplayHeaderFooter: &yes, HeaderTemplate: "<span></span>", FooterTemplate: footer,
	})
	return printed.Data, err
}

const footer = `<div style="width:100%;font:8px sans-serif;text-align:center;color:#555"><span class="pageNumber"></span> / <span class="totalPages"></span></div>`
