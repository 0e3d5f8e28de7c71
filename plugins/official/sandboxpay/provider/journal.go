package provider

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// journal is an append-only file of lines, each with its checksum. What was acknowledged is on disk: writers that come together
// share one fsync. A last line cut short by a crash is dropped at the next start; damage anywhere else refuses to start.
type journal struct {
	file *os.File
	lock *os.File

	mu      sync.Mutex
	pending bytes.Buffer
	waiters []chan error
	wake    chan struct{}
	done    chan struct{}
	closed  bool
}

const journalName = "journal"

func openJournal(dir string, replay func(line []byte) error) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("%s is in use by another provider: %w", dir, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	good, err := readJournal(file, replay)
	if err == nil {
		err = file.Truncate(good)
	}
	if err == nil {
		_, err = file.Seek(good, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		_ = lock.Close()
		return nil, err
	}
	j := &journal{file: file, lock: lock, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go j.flush()
	return j, nil
}

// readJournal replays every whole line and returns where the good part ends.
func readJournal(r io.Reader, replay func([]byte) error) (good int64, err error) {
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil // a line without its end was never acknowledged
		}
		if err != nil {
			return good, err
		}
		body, err := unframe(line)
		if err != nil {
			return good, fmt.Errorf("journal line %d: %w", n, err)
		}
		if err := replay(body); err != nil {
			return good, fmt.Errorf("journal line %d: %w", n, err)
		}
		good += int64(len(line))
	}
}

func frame(body []byte) []byte {
	return fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(body), body)
}

func unframe(line []byte) ([]byte, error) {
	if len(line) < 10 || line[8] != ' ' {
		return nil, errors.New("not a journal line")
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	body := line[9 : len(line)-1]
	if err != nil || crc32.ChecksumIEEE(body) != uint32(sum) {
		return nil, errors.New("checksum does not match")
	}
	return body, nil
}

// append queues a line, in the order of the calls, and returns a channel that tells when it is on disk.
func (j *journal) append(body []byte) <-chan error {
	saved := make(chan error, 1)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		saved <- errors.New("the provider is closed")
		return saved
	}
	j.pending.Write(frame(body))
	j.waiters = append(j.waiters, saved)
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return saved
}

func (j *journal) flush() {
	defer close(j.done)
	for range j.wake {
		j.mu.Lock()
		batch, waiters := bytes.Clone(j.pending.Bytes()), j.waiters
		j.pending.Reset()
		j.waiters = nil
		j.mu.Unlock()
		_, err := j.file.Write(batch)
		if err == nil {
			err = j.file.Sync()
		}
		for _, w := range waiters {
			w <- err
		}
	}
}

func (j *journal) close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	close(j.wake)
	j.mu.Unlock()
	<-j.done
	err := j.file.Close()
	_ = j.lock.Close()
	return err
}
