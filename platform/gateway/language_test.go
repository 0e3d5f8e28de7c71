package gateway

import (
	"strings"
	"testing"
)

// TestLanguage holds refusals against the language that the request asks for: our own, those of huma with arguments and without, and those of HTTP.
func TestLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil).routes().start()
	r.tenant("a")
	post := ask{method: "POST", path: "/api/v1/things/x?size=10", body: `{"lines":[{"quantity":0}],"nonsense":1}`}
	for _, c := range []struct {
		name, accept, language string
		ask                    ask
		words                  []string // of the answer
	}{
		{"none asked for", "", "en", post, []string{"Unprocessable Entity", "Some fields are not as they should be", "is required", `expected number \u003e= 1`, "unexpected property"}},
		{"English", "en", "en", post, []string{"is required"}},
		{"Chinese", "zh", "zh", post, []string{"内容有误", "部分内容填写有误", "必填", "不能小于 1", "未知的属性"}},
		{"a browser's Chinese", "zh-CN,zh;q=0.9,en;q=0.8", "zh", post, []string{"必填"}},
		{"Taiwan's", "zh-TW", "zh", post, []string{"必填"}},
		{"rather English", "en-GB,zh;q=0.5", "en", post, []string{"is required"}},
		{"one that we lack, then Chinese", "fr,zh;q=0.5", "zh", post, []string{"必填"}},
		{"one that we lack", "fr", "en", post, []string{"is required"}},
		{"nonsense", ";;;q=,", "en", post, []string{"is required"}},
		{"unknown route", "zh", "zh", ask{path: "/api/v1/nothing"}, []string{"未找到", "此地址没有内容"}},
		{"a domain's", "zh", "zh", ask{path: "/api/v1/get/staff"}, []string{"未登录", "请登录"}},
		{"before any route", "zh", "zh", ask{method: "POST", path: "/api/v1/things/x", body: strings.Repeat(" ", 1<<20+1)}, []string{"请求内容过大", "1048576 字节"}},
		{"panic", "zh", "zh", ask{path: "/api/v1/fail/panic"}, []string{"系统出现错误"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.ask.headers = append([]string{"Host: a.shops.test"}, c.ask.headers...)
			if c.accept != "" {
				c.ask.headers = append(c.ask.headers, "Accept-Language: "+c.accept)
			}
			got := r.do(c.ask)
			if l := got.Header.Get("Content-Language"); l != c.language {
				t.Errorf("Content-Language %q, want %q", l, c.language)
			}
			if v := strings.Join(got.Header.Values("Vary"), ","); !strings.Contains(v, "Accept-Language") {
				t.Errorf("Vary %q", v)
			}
			for _, w := range c.words {
				if !strings.Contains(got.text, w) {
					t.Errorf("no %q in %s", w, got.text)
				}
			}
		})
	}
}
