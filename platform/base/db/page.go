package db

import (
	"encoding/base64"
	"encoding/json"

	"allhours/platform/base/fault"
)

// PageQuery is how a list is asked for: at most Limit items after Cursor. It is embedded in the inputs of list routes.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many items at the most."`
	Cursor string `query:"cursor" maxLength:"500" doc:"next_cursor of the page before."`
}

// Page is a part of a list. NextCursor is empty on the last one.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Size is the limit within its bounds.
func (q PageQuery) Size() int {
	if q.Limit < 1 {
		return 25
	}
	return min(q.Limit, 100)
}

// After reads the sort keys of the last item seen into dst; false for the first page.
func (q PageQuery) After(dst ...any) (bool, error) {
	if q.Cursor == "" {
		return false, nil
	}
	bad := fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this list gave out. Start again without it.").Field("cursor", "unknown")
	b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return false, bad
	}
	var keys []json.RawMessage
	if json.Unmarshal(b, &keys) != nil || len(keys) != len(dst) {
		return false, bad
	}
	for i, k := range keys {
		if json.Unmarshal(k, dst[i]) != nil {
			return false, bad
		}
	}
	return true, nil
}

// PageOf cuts rows, fetched with a limit of q.Size()+1, to a page; keys gives the sort keys of an item.
func PageOf[T any](q PageQuery, rows []T, keys func(T) []any) Page[T] {
	if rows == nil {
		rows = []T{}
	}
	n := q.Size()
	if len(rows) <= n {
		return Page[T]{Items: rows}
	}
	b, err := json.Marshal(keys(rows[n-1]))
	if err != nil {
		panic("db: cursor keys must be plain values: " + err.Error())
	}
	return Page[T]{Items: rows[:n], NextCursor: base64.RawURLEncoding.EncodeToString(b)}
}
