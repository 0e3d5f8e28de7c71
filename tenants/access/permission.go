package access

import (
	"maps"
	"slices"
	"strings"
)

// Permission is something that can be allowed: area:verb.
type Permission struct {
	Name  string            `json:"name"`
	Title map[string]string `json:"title"`
	Area  string            `json:"area"`
}

func permission(name, en, zh string) Permission {
	area, _, _ := strings.Cut(name, ":")
	return Permission{Name: name, Title: map[string]string{"en": en, "zh": zh}, Area: area}
}

// permissions are all there are.
var permissions = []Permission{
	permission("orders:read", "See orders", "查看订单"),
	permission("orders:write", "Place, confirm and fulfil orders", "下单、确认与履约"),
	permission("orders:cancel", "Cancel orders", "取消订单"),
	permission("orders:refund", "Refund orders", "订单退款"),
	permission("products:read", "See products and prices", "查看商品与价格"),
	permission("products:write", "Change products and prices", "编辑商品与价格"),
	permission("inventory:read", "See stock", "查看库存"),
	permission("inventory:write", "Change stock and locations", "编辑库存与地点"),
	permission("customers:read", "See customers", "查看客户"),
	permission("customers:write", "Change customers", "编辑客户"),
	permission("customers:erase", "Erase customers' personal data", "删除客户个人信息"),
	permission("payments:read", "See payments", "查看付款"),
	permission("payments:write", "Record payments", "登记付款"),
	permission("plugins:read", "See plugins", "查看插件"),
	permission("plugins:write", "Install and set up plugins", "安装与配置插件"),
	permission("alerts:read", "See alert rules and incidents", "查看预警规则与事件"),
	permission("alerts:write", "Change alert rules", "编辑预警规则"),
	permission("incidents:write", "Work on incidents", "处理事件"),
	permission("members:read", "See members", "查看成员"),
	permission("members:write", "Invite, change and remove members", "邀请、变更与移除成员"),
	permission("roles:write", "Make and change roles", "创建与编辑角色"),
	permission("keys:read", "See API keys", "查看 API 密钥"),
	permission("keys:write", "Make and revoke API keys", "创建与吊销 API 密钥"),
	permission("audit:read", "Read the audit log", "查看审计日志"),
	permission("settings:read", "See settings and usage", "查看设置与用量"),
	permission("settings:write", "Change settings and domains", "编辑设置与域名"),
	permission("account:write", "Close the shop", "关闭店铺"),
	permission("reports:read", "See reports", "查看报表"),
	permission("imports:write", "Import data", "导入数据"),
}

// Shared roles.
const (
	Owner     = "owner"
	Manager   = "manager"
	Clerk     = "clerk"
	Warehouse = "warehouse"
	Support   = "support"
	Analyst   = "analyst"
	Viewer    = "viewer"
)

type sharedRole struct {
	name        string
	title       map[string]string
	permissions []string
}

// sharedRoles are the same for every tenant.
var sharedRoles = func() []sharedRole {
	everything := names(permissions)
	return []sharedRole{
		{Owner, map[string]string{"en": "Owner", "zh": "店主"}, everything},
		{Manager, map[string]string{"en": "Manager", "zh": "经理"}, slices.DeleteFunc(slices.Clone(everything), func(p string) bool { return p == "account:write" })},
		{Clerk, map[string]string{"en": "Clerk", "zh": "店员"}, []string{"orders:read", "orders:write", "orders:cancel", "orders:refund", "customers:read", "products:read", "inventory:read", "payments:read", "payments:write", "alerts:read", "incidents:write"}},
		{Warehouse, map[string]string{"en": "Warehouse", "zh": "仓库"}, []string{"inventory:read", "inventory:write", "orders:read", "orders:write", "products:read", "alerts:read", "incidents:write"}},
		{Support, map[string]string{"en": "Support", "zh": "客服"}, []string{"orders:read", "orders:refund", "customers:read", "customers:write", "customers:erase", "products:read", "payments:read", "alerts:read", "incidents:write"}},
		{Analyst, map[string]string{"en": "Analyst", "zh": "分析师"}, readers(everything)},
		{Viewer, map[string]string{"en": "Viewer", "zh": "只读"}, []string{"orders:read", "products:read", "inventory:read"}},
	}
}()

func names(ps []Permission) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.Name
	}
	return out
}

func readers(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !strings.HasSuffix(p, ":read") })
}

// IsPermission reports whether there is such a permission.
func IsPermission(name string) bool {
	return slices.ContainsFunc(permissions, func(p Permission) bool { return p.Name == name })
}

func sharedRoleOf(name string) (sharedRole, bool) {
	i := slices.IndexFunc(sharedRoles, func(r sharedRole) bool { return r.name == name })
	if i < 0 {
		return sharedRole{}, false
	}
	return sharedRoles[i], true
}

// Set is a set of permissions.
type Set map[string]bool

// Lacks lists what of other is not in s, sorted.
func (s Set) Lacks(other Set) []string {
	var missing []string
	for p := range other {
		if !s[p] {
			missing = append(missing, p)
		}
	}
	slices.Sort(missing)
	return missing
}

// Sorted lists the set.
func (s Set) Sorted() []string { return append([]string{}, slices.Sorted(maps.Keys(s))...) }

func setOf(names []string) Set {
	s := make(Set, len(names))
	for _, n := range names {
		s[n] = true
	}
	return s
}
