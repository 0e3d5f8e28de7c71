package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/google/uuid"
)

// typeSuffix names the small file beside each file that holds its content type.
const typeSuffix = ".content-type"

// folder keeps files below one local folder. os.Root refuses every path and
// symbolic link that leads out of it.
type folder struct {
	root *os.Root
}

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("ALLHOURS_BLOB_DIR: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("ALLHOURS_BLOB_DIR: %w", err)
	}
	return &folder{root}, nil
}

func (f *folder) put(_ context.Context, info Info, content *os.File) error {
	if err := f.root.MkdirAll(path.Dir(info.Key), 0o750); err != nil {
		return err
	}
	if err := f.write(info.Key+typeSuffix, func(w io.Writer) error {
		_, err := io.WriteString(w, info.ContentType)
		return err
	}); err != nil {
		return err
	}
	return f.write(info.Key, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	})
}

// write makes the file whole under another name, on disk, and then moves it there.
func (f *folder) write(name string, fill func(io.Writer) error) (err error) {
	temp := path.Join(path.Dir(name), "."+uuid.NewString())
	w, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.root.Remove(temp)
		}
	}()
	if err := errors.Join(fill(w), w.Sync(), w.Close()); err != nil {
		return err
	}
	if err := f.root.Rename(temp, name); err != nil {
		return err
	}
	dir, err := f.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f *folder) get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	info, err := f.stat(ctx, key)
	if err != nil {
		return nil, Info{}, err
	}
	r, err := f.root.Open(key)
	if err != nil {
		return nil, Info{}, notFound(err)
	}
	return r, info, nil
}

func (f *folder) stat(_ context.Context, key string) (Info, error) {
	fi, err := f.root.Stat(key)
	if err != nil {
		return Info{}, notFound(err)
	}
	if !fi.Mode().IsRegular() {
		return Info{}, ErrNotFound
	}
	contentType, err := f.root.ReadFile(key + typeSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Info{}, err
	}
	if len(contentType) == 0 {
		contentType = []byte("application/octet-stream")
	}
	return Info{Key: key, ContentType: string(contentType), Size: fi.Size(), Modified: fi.ModTime().UTC().Truncate(time.Second)}, nil
}

func (f *folder) remove(_ context.Context, key string) error {
	if err := f.root.Remove(key); err != nil {
		return notFound(err)
	}
	if err := f.root.Remove(key + typeSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *folder) check(context.Context) error {
	probe := "." + uuid.NewString()
	if err := f.root.WriteFile(probe, nil, 0o640); err != nil {
		return fmt.Errorf("the folder for files cannot be written to: %w", err)
	}
	return f.root.Remove(probe)
}

func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}
