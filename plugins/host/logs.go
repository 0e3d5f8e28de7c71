package host

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

const (
	maxLine   = 64 << 10
	keepLines = 50
	lineRate  = 200 // a second
)

// logs takes what a plugin writes: lines are capped, counted before they are parsed, cleared of secrets, passed to slog,
// and the last ones kept for whoever asks why the plugin died.
type logs struct {
	log   *slog.Logger
	limit *rate.Limiter

	mu         sync.Mutex
	ring       []string
	suppressed int
	secrets    map[string]bool
	masker     *strings.Replacer
}

func newLogs(log *slog.Logger) *logs {
	return &logs{log: log, limit: rate.NewLimiter(lineRate, 2*lineRate), secrets: map[string]bool{}}
}

// mask keeps the values out of everything logged from now on.
func (l *logs) mask(secrets map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := false
	for _, v := range secrets {
		if len(v) >= 6 && !l.secrets[v] {
			l.secrets[v] = true
			fresh = true
		}
	}
	if !fresh {
		return
	}
	pairs := make([]string, 0, 2*len(l.secrets))
	for v := range l.secrets {
		pairs = append(pairs, v, "[secret]")
	}
	l.masker = strings.NewReplacer(pairs...)
}

// read takes lines until the pipe ends.
func (l *logs) read(r io.Reader) {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			l.line(line)
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line that is too long
			_, err = in.ReadSlice('\n')
		}
		if err != nil {
			return
		}
	}
}

// writer takes what the plugin prints to its os.Stdout and os.Stderr after the handshake.
func (l *logs) writer() io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		for line := range bytes.Lines(b) {
			l.line(line)
		}
		return len(b), nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func (l *logs) line(raw []byte) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return
	}
	if len(raw) > maxLine {
		raw = raw[:maxLine]
	}
	l.mu.Lock()
	if !l.limit.Allow() {
		l.suppressed++
		l.mu.Unlock()
		return
	}
	suppressed, text := l.suppressed, string(raw)
	l.suppressed = 0
	if l.masker != nil {
		text = l.masker.Replace(text)
	}
	if l.ring = append(l.ring, text); len(l.ring) > keepLines {
		l.ring = append(l.ring[:0], l.ring[1:]...)
	}
	l.mu.Unlock()
	if suppressed > 0 {
		l.log.Warn("plugin wrote too much", "suppressed_lines", suppressed)
	}
	l.pass(text)
}

// pass logs a line: JSON as slog or hclog write it keeps its level and fields, anything else becomes the message.
func (l *logs) pass(text string) {
	var fields map[string]any
	if text[0] != '{' || json.Unmarshal([]byte(text), &fields) != nil {
		l.log.Info(text)
		return
	}
	msg, level := "", slog.LevelInfo
	var attrs []slog.Attr
	for k, v := range fields {
		switch k {
		case "msg", "@message":
			msg, _ = v.(string)
		case "level", "@level":
			s, _ := v.(string)
			_ = level.UnmarshalText([]byte(s))
		case "time", "@timestamp":
		default:
			attrs = append(attrs, slog.Any(k, v))
		}
	}
	l.log.LogAttrs(context.Background(), level, msg, slog.Attr{Key: "from_plugin", Value: slog.GroupValue(attrs...)})
}

func (l *logs) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.ring...)
}
