package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	_ "image/gif" // decoders by their magic bytes
	"image/jpeg"
	"image/png"
	"io"
	"slices"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"allhours/platform/base/fault"
)

const (
	maxUpload = 15 << 20   // bytes of an upload
	maxPixels = 40_000_000 // of an upload, before it is decoded: 40 MP are 160 MB in memory
	maxSide   = 2048       // of what is kept
	quality   = 85
)

// widths are what pictures are made in; what is asked for is rounded up to one of them.
var widths = []int{80, 160, 320, 480, 640, 960, 1280}

func step(width int) int {
	if width <= 0 {
		return 0
	}
	i, _ := slices.BinarySearch(widths, width)
	if i == len(widths) {
		return 0
	}
	return widths[i]
}

// picture is an encoded picture without anything but its pixels.
type picture struct {
	bytes         []byte
	mime          string
	width, height int
}

var (
	errPicture       = fault.New(fault.Invalid, "catalog.picture_invalid", "The picture cannot be used. Send a JPEG, PNG, WebP or GIF.").Field("file", "is no picture that we know")
	errPictureLarge  = fault.New(fault.Invalid, "catalog.picture_too_large", "The file is larger than 15 MB. Send a smaller one.").Field("file", "too large")
	errPicturePixels = fault.New(fault.Invalid, "catalog.picture_too_many_pixels", "The picture has more than 40 million pixels. Send a smaller one.").Field("file", "too many pixels")
	errPictureBusy   = fault.New(fault.Unavailable, "catalog.picture_busy", "Too many pictures are being worked on. Try again in a moment.")
)

// process reads an upload: its type and size are found from its content before it is decoded, it is turned as its EXIF says, scaled down to what is kept and encoded anew, so
// that nothing of the file but its pixels is stored.
func (c *Catalog) process(ctx context.Context, file io.Reader) (picture, error) {
	b, err := io.ReadAll(io.LimitReader(file, maxUpload+1))
	if err != nil {
		return picture{}, errPicture.Wrap(err)
	}
	if len(b) > maxUpload {
		return picture{}, errPictureLarge
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return picture{}, errPicture.Wrap(err)
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return picture{}, errPicturePixels
	}
	return c.draw(ctx, func() (picture, error) {
		img, _, err := image.Decode(bytes.NewReader(b))
		if err != nil {
			return picture{}, errPicture.Wrap(err)
		}
		turn := 1
		if format == "jpeg" {
			turn = orientation(b)
		}
		return encode(turned(scaled(img, maxSide, maxSide), turn))
	})
}

// resize makes a stored picture narrower.
func (c *Catalog) resize(ctx context.Context, file io.Reader, width int) (picture, error) {
	return c.draw(ctx, func() (picture, error) {
		img, _, err := image.Decode(io.LimitReader(file, maxUpload))
		if err != nil {
			return picture{}, errors.New("stored picture cannot be read: " + err.Error())
		}
		return encode(scaled(img, width, 1<<30))
	})
}

// draw keeps the memory of decoded pictures within bounds: two at a time.
func (c *Catalog) draw(ctx context.Context, fn func() (picture, error)) (picture, error) {
	select {
	case c.drawing <- struct{}{}:
		defer func() { <-c.drawing }()
		return fn()
	case <-ctx.Done():
		return picture{}, errPictureBusy.Wrap(ctx.Err())
	}
}

// scaled fits the picture into the bounds; it is never made larger.
func scaled(img image.Image, width, height int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > width {
		w, h = width, max(1, h*width/w)
	}
	if h > height {
		w, h = max(1, w*height/h), height
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Bounds(), img, b.Min, draw.Src)
		return dst
	}
	draw.CatmullRom.Scale(dst, dst.Bounds(), img, b, draw.Src, nil)
	return dst
}

// turned brings the picture upright: 1 to 8 are the orientations of EXIF.
func turned(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			to := [...]image.Point{{w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y}, {y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}}[orientation-2]
			dst.Set(to.X, to.Y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return dst
}

// encode writes JPEG, or PNG where something shows through.
func encode(img image.Image) (picture, error) {
	p := picture{width: img.Bounds().Dx(), height: img.Bounds().Dy(), mime: "image/jpeg"}
	var out bytes.Buffer
	var err error
	if o, ok := img.(interface{ Opaque() bool }); ok && !o.Opaque() {
		p.mime = "image/png"
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img)
	} else {
		err = jpeg.Encode(&out, opaque(img), &jpeg.Options{Quality: quality})
	}
	p.bytes = out.Bytes()
	return p, err
}

// opaque is the picture in the form that the JPEG encoder is quick with.
func opaque(img image.Image) image.Image {
	if img.ColorModel() != color.NRGBAModel {
		return img
	}
	dst := image.NewRGBA(img.Bounds())
	draw.Draw(dst, dst.Bounds(), img, img.Bounds().Min, draw.Src)
	return dst
}

// orientation finds the EXIF orientation of a JPEG; 1, upright, where it says nothing that can be understood.
func orientation(b []byte) int {
	for i := 2; i+4 <= len(b) && b[i] == 0xFF; {
		size := int(binary.BigEndian.Uint16(b[i+2:]))
		if size < 2 || i+2+size > len(b) || b[i+1] == 0xDA {
			return 1
		}
		if segment := b[i+4 : i+2+size]; b[i+1] == 0xE1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		i += 2 + size
	}
	return 1
}

func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(b[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 1
	}
	for i, n := at+2, int(order.Uint16(b[at:])); n > 0 && i+12 <= len(b); i, n = i+12, n-1 {
		if order.Uint16(b[i:]) == 0x0112 {
			if o := int(order.Uint16(b[i+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}
