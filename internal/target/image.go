package target

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/docker/docker/api/types/build"

	"github.com/claimbench/claimbench/internal/bench"
	"github.com/claimbench/claimbench/internal/source"
)

// Prepare builds the image of the target. If nothing has changed, the engine's cache makes it
// quick.
func (d *Docker) Prepare(ctx context.Context, t bench.Target) error {
	dir := filepath.Join(d.Root, filepath.FromSlash(t.Context))
	files, err := source.Files(dir)
	if err != nil {
		return err
	}
	image := imageName(t)
	args := map[string]*string{}
	for name, value := range t.BuildArgs {
		args[name] = &value
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(pack(writer, dir, files)) }()
	defer func() { _ = reader.Close() }()
	resp, err := d.api.ImageBuild(ctx, reader, build.ImageBuildOptions{
		Tags:        []string{image},
		Dockerfile:  t.Dockerfile,
		BuildArgs:   args,
		Remove:      true,
		ForceRemove: true,
		Labels:      map[string]string{label: "true"},
		Version:     build.BuilderV1,
	})
	if err != nil {
		return engineError(fmt.Errorf("build the image of %s: %w", t.Name, err))
	}
	defer func() { _ = resp.Body.Close() }()
	if err := followBuild(resp.Body, t.Name); err != nil {
		return err
	}
	d.images.Store(t.Name, image)
	return nil
}

// imageName names the image after everything that it is built from.
func imageName(t bench.Target) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %q", t.Digest, t.Dockerfile, t.BuildArgs)) // fmt sorts maps
	return "claimbench/" + filepath.Base(t.Context) + ":" + hex.EncodeToString(sum[:6])
}

// Size returns the size of the target's image in bytes. It includes layers that other images
// share.
func (d *Docker) Size(ctx context.Context, t bench.Target) (int64, error) {
	image, ok := d.images.Load(t.Name)
	if !ok {
		return 0, fmt.Errorf("read the image size of %s: %w", t.Name, errNotPrepared)
	}
	seen, err := d.api.ImageInspect(ctx, image.(string))
	if err != nil {
		return 0, engineError(err)
	}
	return seen.Size, nil
}

// pack writes the files as a tar archive. Its bytes depend only on the files' names, permissions
// and contents.
func pack(w io.Writer, dir string, files []string) error {
	archive := tar.NewWriter(w)
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: int64(len(data))}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	return archive.Close()
}

// followBuild reads the engine's messages until the build of the target's image is done.
func followBuild(messages io.Reader, target string) error {
	var log logTail
	for decoder := json.NewDecoder(messages); ; {
		var message struct {
			Stream string `json:"stream"`
			Status string `json:"status"`
			Error  string `json:"error"`
		}
		err := decoder.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return engineError(fmt.Errorf("build the image of %s: %w", target, err))
		case message.Error != "":
			return &Error{
				Err: fmt.Errorf("build the image of %s: %s", target, printable(message.Error)),
				Hint: "if this machine cannot reach an image registry, run targets/base/build.sh: " +
					"it makes the base images and prints how to choose them",
				Log: log.String(),
			}
		}
		_, _ = io.WriteString(&log, message.Stream)
	}
}
