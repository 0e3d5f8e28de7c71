package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"allhours/platform/base/fault"
)

// half is a picture whose left half is red and right half blue.
func half(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, map[bool]color.Color{true: color.RGBA{255, 0, 0, 255}, false: color.RGBA{0, 0, 255, 255}}[x < w/2])
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts an EXIF segment with an orientation and a secret into a JPEG.
func withEXIF(file []byte, orientation byte) []byte {
	tiff := append([]byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), orientation, 0, 0, 0, 0, 0, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	body = append(body, "GPS 53.96 -1.08 my house"...)
	head := []byte{0xFF, 0xE1, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(body)+2))
	return append(append(append([]byte{}, file[:2]...), append(head, body...)...), file[2:]...)
}

// bomb is a small PNG that says it is large.
func bomb(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	ihdr := make([]byte, 17)
	copy(ihdr, "IHDR")
	binary.BigEndian.PutUint32(ihdr[4:], w)
	binary.BigEndian.PutUint32(ihdr[8:], h)
	ihdr[12], ihdr[13] = 8, 6
	_ = binary.Write(&b, binary.BigEndian, uint32(13))
	b.Write(ihdr)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(ihdr))
	return b.Bytes()
}

func (s *shop) product(title string) Product {
	return s.create(ProductInput{Title: Text{"en": title}, Variants: []VariantInput{{SKU: strings.ToUpper(title)}}})
}

func TestPicturesAreCleaned(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	ctx := context.Background()
	p := s.product("mug")
	m, err := s.AddMedia(ctx, s.sc, p.ID, bytes.NewReader(withEXIF(asJPEG(t, half(3000, 1500)), 6)), Text{"en": "A mug"})
	if err != nil {
		t.Fatal(err)
	}
	// Turned by a quarter and fitted into 2048 pixels.
	if m.Width != 1024 || m.Height != 2048 {
		t.Errorf("%d x %d", m.Width, m.Height)
	}
	read := func(width int) (image.Image, []byte) {
		t.Helper()
		pic, err := s.Picture(ctx, s.sc, m.ID, width)
		if err != nil {
			t.Fatal(err)
		}
		defer pic.Body.Close()
		b, err := io.ReadAll(pic.Body)
		if err != nil || pic.Type != "image/jpeg" || int64(len(b)) != pic.Size {
			t.Fatalf("%s, %d of %d bytes, %v", pic.Type, len(b), pic.Size, err)
		}
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return img, b
	}
	img, b := read(0)
	if bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("Exif")) {
		t.Error("EXIF is still there")
	}
	// Orientation 6: the left half of the file is the top of the picture.
	if r, _, blue, _ := img.At(512, 100).RGBA(); r < blue {
		t.Error("the top is not red")
	}
	if r, _, blue, _ := img.At(512, 1950).RGBA(); r > blue {
		t.Error("the bottom is not blue")
	}
	for width, want := range map[int]int{1: 80, 300: 320, 320: 320, 1000: 1280, 5000: 1024} {
		img, _ := read(width)
		if got := img.Bounds().Dx(); got != min(want, 1024) {
			t.Errorf("asked for %d: %d wide, want %d", width, got, want)
		}
	}
	got, err := s.Get(ctx, s.sc, p.ID)
	if err != nil || len(got.Media) != 1 || got.Version != 1 || got.Media[0].URL != MediaURL(s.sc.Tenant, m.ID) {
		t.Errorf("%+v %v", got.Media, err)
	}
	if _, err := s.ChangeMedia(ctx, s.sc, m.ID, Text{"en": "A sunrise"}, nil); err != nil {
		t.Fatal(err)
	}
	first := 0
	if moved, err := s.ChangeMedia(ctx, s.sc, m.ID, nil, &first); err != nil || moved.Alt["en"] != "A sunrise" || moved.Width != 1024 {
		t.Errorf("moved, a picture keeps its description: %+v %v", moved, err)
	}
	other := openOn(t, s.db)
	other.files = s.files
	if _, err := other.Picture(ctx, other.sc, m.ID, 320); !errors.Is(err, errNoMedia) {
		t.Errorf("another tenant: %v", err)
	}
	if err := other.DeleteMedia(ctx, other.sc, m.ID); !errors.Is(err, errNoMedia) {
		t.Errorf("another tenant deletes: %v", err)
	}
	if err := s.DeleteMedia(ctx, s.sc, m.ID); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{0, 320} {
		if _, err := s.Picture(ctx, s.sc, m.ID, width); !errors.Is(err, errNoMedia) {
			t.Errorf("after it was deleted, width %d: %v", width, err)
		}
	}
}

func TestPicturesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	p := s.product("mug")
	for name, c := range map[string]struct {
		file io.Reader
		want error
	}{
		"text":           {strings.NewReader("<svg onload=alert(1)>"), errPicture},
		"html as jpeg":   {strings.NewReader("\xff\xd8\xff<html>"), errPicture},
		"cut off":        {bytes.NewReader(asJPEG(t, half(50, 50))[:200]), errPicture},
		"empty":          {strings.NewReader(""), errPicture},
		"pixel bomb":     {bytes.NewReader(bomb(100_000, 100_000)), errPicturePixels},
		"overflow bomb":  {bytes.NewReader(bomb(1<<31-1, 1<<31-1)), errPicture},
		"long bomb":      {bytes.NewReader(bomb(1, 50_000_000)), errPicturePixels},
		"too many bytes": {io.MultiReader(bytes.NewReader(asJPEG(t, half(5, 5))), bytes.NewReader(make([]byte, maxUpload))), errPictureLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.AddMedia(context.Background(), s.sc, p.ID, c.file, nil)
			if !errors.Is(err, c.want) || fault.Of(err).Fields["file"].Empty() {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := s.AddMedia(context.Background(), s.sc, uuid.New(), bytes.NewReader(asJPEG(t, half(5, 5))), nil); !errors.Is(err, ErrNoProduct) {
		t.Errorf("no such product: %v", err)
	}
}

func TestTransparencyStays(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	m, err := s.AddMedia(context.Background(), s.sc, uuid.Nil, &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	pic, err := s.Picture(context.Background(), s.sc, m.ID, 80)
	if err != nil || pic.Type != "image/png" {
		t.Fatalf("%+v %v", pic, err)
	}
	pic.Body.Close()
}

func TestPicturesAreOrdered(t *testing.T) {
	t.Parallel()
	s := open(t).withFiles()
	ctx := context.Background()
	p := s.product("mug")
	var ids []uuid.UUID
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.AddMedia(ctx, s.sc, p.ID, bytes.NewReader(asJPEG(t, half(10, 10))), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	order := func() (out []uuid.UUID) {
		got, err := s.Get(ctx, s.sc, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Media {
			out = append(out, m.ID)
		}
		return out
	}
	for _, move := range [][2]int{{3, 0}, {0, 3}, {1, 2}, {2, 1}, {0, 0}} {
		ids = order()
		id := ids[move[0]]
		if _, err := s.ChangeMedia(ctx, s.sc, id, nil, &move[1]); err != nil {
			t.Fatal(err)
		}
		if got := order(); got[move[1]] != id || len(got) != 4 {
			t.Errorf("moved from %d to %d: %v, were %v", move[0], move[1], got, ids)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(withEXIF([]byte("\xff\xd8\xff\xda"), 3))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00II\x2a\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Errorf("%d", o)
		}
	})
}
