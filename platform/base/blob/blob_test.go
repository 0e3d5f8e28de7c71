package blob

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
)

// stores returns one of each sort. The bucket is the S3 protocol's part that we
// use, over real HTTP, answered from memory.
func stores(t *testing.T) map[string]*Store {
	t.Helper()
	local, err := Open(Config{Dir: filepath.Join(t.TempDir(), "blobs")})
	if err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(&memoryS3{objects: map[string]object{}})
	t.Cleanup(s3.Close)
	remote, err := Open(Config{Endpoint: s3.URL, Bucket: "shop", Region: "eu-west-1", AccessKey: "key", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Store{"folder": local, "bucket": remote}
}

func read(t *testing.T, s *Store, key string) (string, Info) {
	t.Helper()
	r, info, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), info
}

func TestStore(t *testing.T) {
	t.Parallel()
	for sort, s := range stores(t) {
		t.Run(sort, func(t *testing.T) {
			ctx, key := t.Context(), uuid.NewString()+"/media/cup.png"
			if err := s.Check(ctx); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Get(ctx, key); !errors.Is(err, ErrNotFound) {
				t.Errorf("get of nothing: %v", err)
			}
			if _, err := s.Stat(ctx, key); !errors.Is(err, ErrNotFound) {
				t.Errorf("stat of nothing: %v", err)
			}
			if err := s.Delete(ctx, key); err != nil {
				t.Errorf("delete of nothing: %v", err)
			}
			for _, content := range []string{"first", "second, longer"} {
				info, err := s.Put(ctx, key, strings.NewReader(content), "image/png", 100)
				if err != nil || info.Size != int64(len(content)) || len(info.SHA256) != 64 {
					t.Fatalf("put: %+v, %v", info, err)
				}
				if got, info := read(t, s, key); got != content || info.ContentType != "image/png" || info.Size != int64(len(content)) {
					t.Errorf("got %q, %+v", got, info)
				}
			}
			if _, err := s.Put(ctx, key, strings.NewReader("12345"), "image/png", 4); !errors.Is(err, ErrTooLarge) {
				t.Errorf("5 bytes into 4: %v", err)
			}
			if _, err := s.Put(ctx, key, iotest.ErrReader(errors.New("cut off")), "image/png", 100); err == nil {
				t.Error("a cut-off upload was stored")
			}
			if got, _ := read(t, s, key); got != "second, longer" {
				t.Errorf("failed uploads changed the file to %q", got)
			}
			if info, err := s.Stat(ctx, key); err != nil || info.Size != 14 || info.ContentType != "image/png" {
				t.Errorf("stat: %+v, %v", info, err)
			}
			big := make([]byte, 3<<20)
			rand.Read(big)
			if _, err := s.Put(ctx, key, bytes.NewReader(big), "", int64(len(big))); err != nil {
				t.Fatal(err)
			}
			if got, info := read(t, s, key); got != string(big) || info.ContentType != "application/octet-stream" {
				t.Errorf("3 MiB came back as %d bytes of %s", len(got), info.ContentType)
			}
			if err := s.Delete(ctx, key); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Get(ctx, key); !errors.Is(err, ErrNotFound) {
				t.Errorf("get after delete: %v", err)
			}
		})
	}
}

func TestKeysOutsideATenantAreRefused(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	for sort, s := range stores(t) {
		for _, key := range []string{
			"", "/", "media/a.png", id, id + "/", id + "/../" + uuid.NewString() + "/a", id + "/..", id + "/./a", id + "//a", "/" + id + "/a",
			id + "/.hidden", id + "/a/.hidden", id + `/a\b`, id + "/a\x00b", id + "/a b", id + "/a%2f..", id + "/x" + typeSuffix,
			strings.ToUpper(id) + "/a", uuid.Nil.String() + "/a", id + "/" + strings.Repeat("a", 201), id + strings.Repeat("/abcdefg", 70),
		} {
			if _, err := s.Put(t.Context(), key, strings.NewReader("x"), "", 10); !errors.Is(err, ErrKey) {
				t.Errorf("%s: put %q: %v", sort, key, err)
			}
			if _, _, err := s.Get(t.Context(), key); !errors.Is(err, ErrKey) {
				t.Errorf("%s: get %q: %v", sort, key, err)
			}
			if err := s.Delete(t.Context(), key); !errors.Is(err, ErrKey) {
				t.Errorf("%s: delete %q: %v", sort, key, err)
			}
		}
	}
}

func TestFolderFollowsNoLinkOut(t *testing.T) {
	t.Parallel()
	dir, outside, id := t.TempDir(), t.TempDir(), uuid.NewString()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, id)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if r, _, err := s.Get(t.Context(), id+"/secret"); err == nil {
		r.Close()
		t.Error("read through a link out of the folder")
	}
	if _, err := s.Put(t.Context(), id+"/planted", strings.NewReader("x"), "", 10); err == nil {
		t.Error("wrote through a link out of the folder")
	}
}

// TestReadersSeeWholeFiles replaces a file while others read it.
func TestReadersSeeWholeFiles(t *testing.T) {
	t.Parallel()
	s, key := stores(t)["folder"], uuid.NewString()+"/f"
	contents := []string{strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<17)}
	put := func(c string) {
		if _, err := s.Put(t.Context(), key, strings.NewReader(c), "text/plain", 1<<20); err != nil {
			t.Error(err)
		}
	}
	put(contents[0])
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	writers.Go(func() {
		for i := range 40 {
			put(contents[i%2])
		}
	})
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if got, _ := read(t, s, key); got != contents[0] && got != contents[1] {
				t.Errorf("read %d bytes of a half-written file", len(got))
				return
			}
		}
	})
	writers.Wait()
	close(stop)
	readers.Wait()
}

func TestConfigErrorsNameTheSetting(t *testing.T) {
	t.Parallel()
	for setting, c := range map[string]Config{
		"ALLHOURS_BLOB_DIR":    {},
		"ALLHOURS_S3_ENDPOINT": {Endpoint: "s3.example.com", Bucket: "b"},
		"ALLHOURS_S3_BUCKET":   {Endpoint: "https://s3.example.com"},
	} {
		if _, err := Open(c); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

type object struct {
	content     []byte
	contentType string
}

type memoryS3 struct {
	mu      sync.Mutex
	objects map[string]object
}

func (m *memoryS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key/") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	key, found := strings.CutPrefix(r.URL.Path, "/shop/")
	if !found || key == "" {
		w.WriteHeader(http.StatusOK)
		return
	}
	o, found := m.objects[key]
	switch {
	case r.Method == http.MethodPut:
		b, err := readChunks(r)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		m.objects[key] = object{b, r.Header.Get("Content-Type")}
		w.Header().Set("ETag", `"1"`)
	case r.Method == http.MethodDelete:
		delete(m.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !found:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		if r.Method == http.MethodGet {
			_ = xml.NewEncoder(w).Encode(struct {
				XMLName xml.Name `xml:"Error"`
				Code    string
			}{Code: "NoSuchKey"})
		}
	default:
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Type", o.contentType)
		http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader(o.content))
	}
}

// readChunks undoes the chunked signing that S3 clients use over plain HTTP.
func readChunks(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return b, err
	}
	var out []byte
	for {
		head, rest, _ := bytes.Cut(b, []byte("\r\n"))
		var n int
		if _, err := fmt.Sscanf(string(head), "%x;", &n); err != nil || n > len(rest) {
			return nil, fmt.Errorf("bad chunk %q", head)
		}
		if n == 0 {
			return out, nil
		}
		out, b = append(out, rest[:n]...), bytes.TrimPrefix(rest[n:], []byte("\r\n"))
	}
}
