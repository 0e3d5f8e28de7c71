package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket keeps files in S3 or a store that speaks its protocol.
type bucket struct {
	client *minio.Client
	name   string
}

func openBucket(c Config) (*bucket, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("ALLHOURS_S3_ENDPOINT: %q is not an address like https://s3.example.com", c.Endpoint)
	}
	if c.Bucket == "" {
		return nil, errors.New("ALLHOURS_S3_BUCKET: name the bucket")
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https", Region: c.Region,
	})
	if err != nil {
		return nil, fmt.Errorf("ALLHOURS_S3_ENDPOINT: %w", err)
	}
	return &bucket{client, c.Bucket}, nil
}

func (b *bucket) put(ctx context.Context, info Info, content *os.File) error {
	_, err := b.client.PutObject(ctx, b.name, info.Key, content, info.Size, minio.PutObjectOptions{ContentType: info.ContentType})
	return err
}

func (b *bucket) get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	object, err := b.client.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, absent(err)
	}
	// GetObject asks for nothing until it is read; Stat makes it ask.
	oi, err := object.Stat()
	if err != nil {
		object.Close()
		return nil, Info{}, absent(err)
	}
	return object, infoOf(oi), nil
}

func (b *bucket) stat(ctx context.Context, key string) (Info, error) {
	oi, err := b.client.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, absent(err)
	}
	return infoOf(oi), nil
}

func (b *bucket) remove(ctx context.Context, key string) error {
	return absent(b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}))
}

func (b *bucket) check(ctx context.Context) error {
	found, err := b.client.BucketExists(ctx, b.name)
	if err == nil && !found {
		err = errors.New("it does not exist")
	}
	if err != nil {
		return fmt.Errorf("bucket %s: %w", b.name, err)
	}
	return nil
}

func infoOf(oi minio.ObjectInfo) Info {
	return Info{Key: oi.Key, ContentType: oi.ContentType, Size: oi.Size, Modified: oi.LastModified.UTC()}
}

func absent(err error) error {
	if r := minio.ToErrorResponse(err); r.Code == minio.NoSuchKey || err != nil && r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket {
		return ErrNotFound
	}
	return err
}
