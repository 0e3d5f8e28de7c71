package fault

import "testing"

func TestStored(t *testing.T) {
	t.Parallel()
	inner := T("a minute")
	for _, c := range []struct {
		name   string
		text   Text
		en, zh string
	}{
		{"plain", T("is required"), "is required", "必填"},
		{"numbers stay numbers", T("%d left", int64(3)), "3 left", "剩余 3 件"},
		{"arguments change places", T("Order at least %d of %s.", 2, "X-1"), "Order at least 2 of X-1.", "X-1 至少订购 2 件。"},
		{"a text in a text", T("Too many attempts to sign in. Wait %s, or reset your password.", inner), "Too many attempts to sign in. Wait a minute, or reset your password.", "登录尝试次数过多。请等待 1 分钟后再试，或重置密码。"},
		{"quoted", T("%q is neither yes nor no.", "a\"b"), `"a\"b" is neither yes nor no.`, `"a\"b" 无效，请填写 yes 或 no。`},
		{"not ours", Foreign("100% of it"), "100% of it", "100% of it"},
		{"nothing", Text{}, "", ""},
	} {
		for kept, got := range map[string]Text{"new": c.text, "stored": Read(c.text.Stored())} {
			if en, zh := got.In("en"), got.In("zh"); en != c.en || zh != c.zh {
				t.Errorf("%s, %s: %q and %q", c.name, kept, en, zh)
			}
		}
	}
	if got := Read("from before texts were stored").String(); got != "from before texts were stored" {
		t.Error(got)
	}
}
