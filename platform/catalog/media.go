package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/audit"
)

// Media is a picture.
type Media struct {
	ID     uuid.UUID `json:"id"`
	URL    string    `json:"url" doc:"Append ?w= for a width in pixels."`
	Width  int       `json:"width"`
	Height int       `json:"height"`
	Alt    Text      `json:"alt"`
}

type mediaRow struct {
	ID     uuid.UUID `json:"id"`
	Width  int       `json:"width"`
	Height int       `json:"height"`
	Alt    Text      `json:"alt"`
}

func (m mediaRow) media(tenant uuid.UUID) Media {
	return Media{ID: m.ID, URL: MediaURL(tenant, m.ID), Width: m.Width, Height: m.Height, Alt: m.Alt}
}

var (
	errNoMedia      = fault.New(fault.NotFound, "catalog.media_not_found", "There is no such picture.")
	errMediaFull    = fault.New(fault.Conflict, "catalog.media_full", "A product has at most 20 pictures. Delete one first.")
	errMediaNoStore = fault.New(fault.Unavailable, "catalog.media_no_store", "Pictures cannot be stored now.")
)

const mostMedia = 20

// AddMedia checks and re-encodes the picture, stores it and shows it last among the product's. product may be empty: a picture of the shop itself, such as its logo.
func (c *Catalog) AddMedia(ctx context.Context, sc db.Scope, product uuid.UUID, file io.Reader, alt Text) (out Media, err error) {
	if c.files == nil {
		return Media{}, errMediaNoStore
	}
	p := problems{}
	checkText(p, "alt", alt, 300)
	if err := p.err(errPicture); err != nil {
		return Media{}, err
	}
	pic, err := c.process(ctx, file)
	if err != nil {
		return Media{}, err
	}
	id := db.NewID()
	key := mediaKey(sc.Tenant, id, 0)
	// The file first: a row without a file would show a broken picture, a file without a row is only waste.
	if _, err := c.files.Put(ctx, key, bytes.NewReader(pic.bytes), pic.mime, maxUpload); err != nil {
		return Media{}, fmt.Errorf("store picture: %w", err)
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		out, err = c.insertMedia(tx, id, product, key, pic, alt)
		return err
	})
	if err != nil {
		_ = c.files.Delete(context.WithoutCancel(ctx), key)
	}
	return out, err
}

func (c *Catalog) insertMedia(tx *db.Tx, id, product uuid.UUID, key string, pic picture, alt Text) (Media, error) {
	var owner *uuid.UUID
	rank := 0
	if product != uuid.Nil {
		owner = &product
		p, err := lockProduct(tx, product)
		if err != nil {
			return Media{}, err
		}
		if len(p.Media) >= mostMedia {
			return Media{}, errMediaFull
		}
		if err := tx.Raw(`SELECT COALESCE(max(rank) + 1, 0) FROM media WHERE product_id = ?`, product).Row().Scan(&rank); err != nil {
			return Media{}, err
		}
	}
	err := tx.Exec(`INSERT INTO media (tenant_id, id, product_id, blob_key, mime, width, height, bytes, alt, rank, created_at) VALUES (current_tenant(), ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?)`,
		id, owner, key, pic.mime, pic.width, pic.height, len(pic.bytes), db.JSON[Text]{V: orEmpty(alt)}, rank, tx.Now).Error
	if err != nil {
		return Media{}, fmt.Errorf("write picture: %w", err)
	}
	out := mediaRow{ID: id, Width: pic.width, Height: pic.height, Alt: orEmpty(alt)}.media(tx.Scope.Tenant)
	if err := c.touchMedia(tx, owner); err != nil {
		return Media{}, err
	}
	return out, audit.Append(tx, audit.Entry{Action: "media.create", ObjectType: "media", ObjectID: id.String(), After: map[string]any{"product_id": owner, "width": pic.width, "height": pic.height}})
}

// touchMedia tells of the change of a picture as of one of its product, whose version stays: what is being written into a form meanwhile does not speak of pictures.
func (c *Catalog) touchMedia(tx *db.Tx, product *uuid.UUID) error {
	if product == nil {
		return nil
	}
	if err := tx.Exec(`UPDATE products SET updated_at = ? WHERE id = ?`, tx.Now, *product).Error; err != nil {
		return err
	}
	return c.changed(tx, "product.changed", []uuid.UUID{*product})
}

// HasPictureTx reports whether the picture is the shop's own: of no product.
func HasPictureTx(tx *db.Tx, id uuid.UUID) (has bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM media WHERE tenant_id = ? AND id = ? AND product_id IS NULL)`, tx.Scope.Tenant, id).Row().Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for picture: %w", err)
	}
	return has, nil
}

// storedMedia has its fields flat: of an embedded type that is not exported GORM would read none.
type storedMedia struct {
	ProductID     *uuid.UUID
	Rank          int
	Width, Height int
	Alt           db.JSON[Text]
}

// ChangeMedia gives the picture another description and another place among its product's (nil: as it is).
func (c *Catalog) ChangeMedia(ctx context.Context, sc db.Scope, id uuid.UUID, alt Text, rank *int) (out Media, err error) {
	p := problems{}
	checkText(p, "alt", alt, 300)
	if err := p.err(errPicture); err != nil {
		return Media{}, err
	}
	err = c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		m, err := lockMedia(tx, id)
		if err != nil {
			return err
		}
		before := map[string]any{"alt": m.Alt.V, "rank": m.Rank}
		if alt != nil {
			m.Alt.V = alt
		}
		if rank != nil {
			m.Rank = *rank
			if err := moveMedia(tx, m.ProductID, id, *rank); err != nil {
				return err
			}
		}
		if err := tx.Exec(`UPDATE media SET alt = ?::jsonb WHERE id = ?`, m.Alt, id).Error; err != nil {
			return err
		}
		out = mediaRow{ID: id, Width: m.Width, Height: m.Height, Alt: m.Alt.V}.media(sc.Tenant)
		if err := c.touchMedia(tx, m.ProductID); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "media.change", ObjectType: "media", ObjectID: id.String(), Before: before, After: map[string]any{"alt": m.Alt.V, "rank": m.Rank}})
	})
	return out, err
}

func lockMedia(tx *db.Tx, id uuid.UUID) (m storedMedia, err error) {
	err = tx.Raw(`SELECT product_id, rank, width, height, alt FROM media WHERE id = ? FOR UPDATE`, id).Take(&m).Error
	if db.IsNotFound(err) {
		return m, errNoMedia
	}
	return m, err
}

// moveMedia puts the picture at the place and numbers all of the product's pictures anew.
func moveMedia(tx *db.Tx, product *uuid.UUID, id uuid.UUID, place int) error {
	return tx.Exec(`WITH o AS (SELECT id, id = ? AS moved, row_number() OVER (ORDER BY id = ?, rank, id) - 1 AS n FROM media WHERE product_id = ?)
		UPDATE media m SET rank = x.rank FROM (SELECT id, row_number() OVER (ORDER BY CASE WHEN moved THEN ? * 2 ELSE n * 2 + 1 END) - 1 AS rank FROM o) x WHERE m.id = x.id`, id, id, product, place).Error
}

// DeleteMedia takes the picture away, and its files.
func (c *Catalog) DeleteMedia(ctx context.Context, sc db.Scope, id uuid.UUID) error {
	err := c.db.InTx(ctx, sc, func(tx *db.Tx) error {
		m, err := lockMedia(tx, id)
		if err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM media WHERE id = ?`, id).Error; err != nil {
			return err
		}
		if err := c.touchMedia(tx, m.ProductID); err != nil {
			return err
		}
		return audit.Append(tx, audit.Entry{Action: "media.delete", ObjectType: "media", ObjectID: id.String(), Before: map[string]any{"product_id": m.ProductID}})
	})
	if err != nil || c.files == nil {
		return err
	}
	for _, w := range append([]int{0}, widths...) {
		if err := c.files.Delete(context.WithoutCancel(ctx), mediaKey(sc.Tenant, id, w)); err != nil {
			return fmt.Errorf("delete picture: %w", err)
		}
	}
	return nil
}

func mediaKey(tenant, id uuid.UUID, width int) string {
	if width == 0 {
		return fmt.Sprintf("%s/media/%s/original", tenant, id)
	}
	return fmt.Sprintf("%s/media/%s/w%d", tenant, id, width)
}

// Picture is an opened picture. What it shows never changes under its id and width.
type Picture struct {
	Type string
	Size int64
	Body io.ReadCloser
}

// Picture opens a picture of the scope's tenant, at least width pixels wide where it has so many (0: as large as it is). A width that has not been asked for before is made
// and kept; at most two are made at a time in a process.
func (c *Catalog) Picture(ctx context.Context, sc db.Scope, id uuid.UUID, width int) (Picture, error) {
	if c.files == nil || id == uuid.Nil {
		return Picture{}, errNoMedia
	}
	at := step(width)
	p, err := c.openPicture(ctx, mediaKey(sc.Tenant, id, at))
	if !errors.Is(err, errNoMedia) || at == 0 {
		return p, err
	}
	original, err := c.openPicture(ctx, mediaKey(sc.Tenant, id, 0))
	if err != nil {
		return Picture{}, err
	}
	defer original.Body.Close()
	_, err, _ = c.resizing.Do(mediaKey(sc.Tenant, id, at), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		pic, err := c.resize(ctx, original.Body, at)
		if err != nil {
			return nil, err
		}
		_, err = c.files.Put(ctx, mediaKey(sc.Tenant, id, at), bytes.NewReader(pic.bytes), pic.mime, maxUpload)
		return nil, err
	})
	if err != nil {
		return Picture{}, err
	}
	return c.openPicture(ctx, mediaKey(sc.Tenant, id, at))
}

func (c *Catalog) openPicture(ctx context.Context, key string) (Picture, error) {
	body, info, err := c.files.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return Picture{}, errNoMedia
	}
	if err != nil {
		return Picture{}, fmt.Errorf("open picture: %w", err)
	}
	return Picture{Type: info.ContentType, Size: info.Size, Body: body}, nil
}
