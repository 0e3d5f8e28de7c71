package catalog_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/google/uuid"

	"allhours/platform/base/blob"
	"allhours/platform/base/db/dbtest"
	"allhours/platform/catalog"
	"allhours/platform/gateway"
	"allhours/platform/gateway/gatewaytest"
	"allhours/platform/inventory"
)

// form makes a multipart body.
func form(t *testing.T, file []byte, fields map[string]string) (body []byte, header map[string]string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "file")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	for k, v := range fields {
		_ = w.WriteField(k, v)
	}
	_ = w.Close()
	return b.Bytes(), map[string]string{"Content-Type": w.FormDataContentType()}
}

// TestCatalogOverHTTP makes a shop's catalog by the API alone: files, lists, refusals and what the public sees.
func TestCatalogOverHTTP(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	files, err := blob.Open(blob.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.New(d)
	c := catalog.New(d, catalog.Parts{Files: files, Supplier: inv})
	route := func(method, path, id string, a gateway.Access, status int) gateway.Route {
		return gateway.Route{Method: method, Path: "/api/v1" + path, ID: id, Summary: id, Tag: "t", Access: a, Status: status, Body: 16 << 20}
	}
	s := gatewaytest.New(t, d, func(g *gateway.Gateway) {
		write, read := gateway.Staff("products:write"), gateway.Staff("products:read")
		gateway.Add(g, route("POST", "/price-lists", "pl", write, 201), c.AddPriceListHTTP)
		gateway.Add(g, route("POST", "/products", "create", write, 201), c.CreateHTTP)
		gateway.Add(g, route("GET", "/products", "list", read, 0), c.ListHTTP)
		gateway.Add(g, route("GET", "/products/{id}", "get", read, 0), c.GetHTTP)
		gateway.Add(g, route("PUT", "/products/{id}", "change", write, 0), c.ChangeHTTP)
		gateway.Add(g, route("POST", "/products/{id}/media", "upload", write, 201), c.UploadHTTP)
		gateway.Add(g, route("POST", "/imports", "import", write, 202), c.StartImportHTTP)
		gateway.Add(g, route("GET", "/imports/{id}", "imported", write, 0), c.ImportHTTP)
		gateway.Add(g, route("GET", "/imports/{id}/refusals", "refused", write, 0), c.RefusalsHTTP)
		gateway.Add(g, route("GET", "/exports/products.csv", "export", read, 0), c.ExportHTTP)
		gateway.Add(g, route("GET", "/storefront/products", "shelf", gateway.Public, 0), c.ShelfHTTP)
		gateway.Add(g, route("GET", "/storefront/products/{slug}", "show", gateway.Public, 0), c.ShowHTTP)
		gateway.Add(g, route("GET", "/storefront/config", "shop", gateway.Public, 0), c.ShopHTTP)
		gateway.Add(g, route("GET", "/inventory/levels", "levels", gateway.Staff("inventory:read"), 0), inv.LevelsHTTP)
		gateway.Add(g, route("POST", "/inventory/levels/{id}/set", "count", gateway.Staff("inventory:write"), 0), inv.SetHTTP)
		gateway.Add(g, route("POST", "/locations", "location", gateway.Staff("inventory:write"), 201), inv.AddLocationHTTP)
	})
	a, b := s.Tenant(t, "a"), s.Tenant(t, "b")
	staff, anyone := s.Member(a, "products:write", "products:read", "inventory:read", "inventory:write"), s.Anonymous(a)
	stranger := s.Member(b, "products:write", "products:read", "inventory:read", "inventory:write")

	var list, product, level struct {
		ID      uuid.UUID `json:"id"`
		LevelID uuid.UUID `json:"level_id"`
	}
	s.Do(t, gatewaytest.Case{As: staff, Method: "POST", Path: "/api/v1/locations", Body: map[string]any{"name": "Shop", "kind": "store", "active": true, "address": map[string]any{"city": "York", "country": "GB"}}, Want: 201})
	s.Do(t, gatewaytest.Case{As: staff, Method: "POST", Path: "/api/v1/price-lists", Body: map[string]any{"name": "Standard", "currency": "GBP", "tax_included": true, "default": true}, Want: 201}).Into(t, &list)
	mug := func(change func(m map[string]any)) map[string]any {
		m := map[string]any{"title": map[string]string{"en": "Mug", "zh": "杯子"}, "status": "active", "variants": []any{map[string]any{"sku": "MUG", "on_hand": 4, "prices": []any{map[string]any{"price_list_id": list.ID, "amount": 550}}}}}
		change(m)
		return m
	}
	s.Do(t, gatewaytest.Case{As: staff, Method: "POST", Path: "/api/v1/products", Body: mug(func(map[string]any) {}), Want: 201}).Into(t, &product)
	path := "/api/v1/products/" + product.ID.String()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	upload, head := form(t, picture.Bytes(), nil)
	notes, noteHead := form(t, []byte("just text"), nil)
	csv, csvHead := form(t, []byte("sku,title,price\nCUP,Cup,3.50\nBAD,Bad,x\n"), map[string]string{"kind": "products", "dry_run": "false"})
	var imported struct {
		ID uuid.UUID `json:"id"`
	}
	s.Run(t, []gatewaytest.Case{
		{Name: "fields are blamed", As: staff, Method: "POST", Path: "/api/v1/products", Body: mug(func(m map[string]any) {
			m["title"] = map[string]string{}
			m["variants"].([]any)[0].(map[string]any)["sku"] = " "
		}), Want: 422, Code: "catalog.product_invalid", Fields: []string{"title", "variants[0].sku"}},
		{Name: "taken", As: staff, Method: "POST", Path: "/api/v1/products", Body: mug(func(m map[string]any) { m["slug"] = "other" }), Want: 409, Code: "catalog.sku_taken"},
		{Name: "stale version", As: staff, Method: "PUT", Path: path, Body: mug(func(m map[string]any) { m["version"] = 7 }), Want: 409, Code: "version_conflict", Has: []string{`"current":{`}},
		{Name: "upload", As: staff, Method: "POST", Path: path + "/media", Body: upload, Header: head, Want: 201, Has: []string{`"width":30`, `"url":"/media/` + a.String()}},
		{Name: "not a picture", As: staff, Method: "POST", Path: path + "/media", Body: notes, Header: noteHead, Want: 422, Code: "catalog.picture_invalid", Fields: []string{"file"}},
		{Name: "list by Chinese", As: staff, Path: "/api/v1/products?q=%E6%9D%AF%E5%AD%90", Has: []string{`"MUG"`, `"on_hand":4`}},
		{Name: "import", As: staff, Method: "POST", Path: "/api/v1/imports", Body: csv, Header: csvHead, Want: 202, Check: func(t *testing.T, ans gatewaytest.Answer) {
			ans.Into(t, &imported)
			if err := c.RunImport(context.Background(), a, imported.ID); err != nil {
				t.Error(err)
			}
		}},
		{Name: "export", As: staff, Path: "/api/v1/exports/products.csv", Has: []string{"sku,barcode", "CUP", "MUG", "5.50"}, Check: func(t *testing.T, ans gatewaytest.Answer) {
			if h := ans.Header.Get("Content-Type"); !strings.HasPrefix(h, "text/csv") {
				t.Errorf("type %s", h)
			}
		}},
		{Name: "the shop", As: anyone, Path: "/api/v1/storefront/config", Has: []string{`"name":"Shop"`, `"city":"York"`, `"fulfilment_types":["pickup","ship"]`}},
		{Name: "the shelf", As: anyone, Path: "/api/v1/storefront/products", Has: []string{`"slug":"mug"`, `"amount":550`, `"availability":"low"`, `"left":4`}, Hasnt: []string{"cost", "on_hand"}},
		{Name: "a product", As: anyone, Path: "/api/v1/storefront/products/mug", Has: []string{`"tiers":[{"min_quantity":1,"amount":550}`}, Hasnt: []string{"cost", "on_hand"}},
		{Name: "no product", As: anyone, Path: "/api/v1/storefront/products/none", Want: 404, Code: "catalog.product_not_found"},
		{Name: "bad sort", As: anyone, Path: "/api/v1/storefront/products?sort=up", Want: 422},
		{Name: "bad cursor", As: anyone, Path: "/api/v1/storefront/products?cursor=abc", Want: 422, Code: "cursor_invalid"},
		{Name: "levels", As: staff, Path: "/api/v1/inventory/levels?q=mug", Has: []string{`"available":4`, `"location_name":"Shop"`}, Check: func(t *testing.T, ans gatewaytest.Answer) {
			var page struct {
				Items []struct {
					LevelID uuid.UUID `json:"level_id"`
				}
			}
			ans.Into(t, &page)
			level.LevelID = page.Items[0].LevelID
		}},
		{Name: "another's product", As: stranger, Path: path, Want: 404},
		{Name: "another's change", As: stranger, Method: "PUT", Path: path, Body: mug(func(m map[string]any) { m["version"] = 1 }), Want: 404},
		{Name: "another's pictures", As: stranger, Method: "POST", Path: path + "/media", Body: upload, Header: head, Want: 404},
	})
	s.Run(t, []gatewaytest.Case{
		{Name: "progress", As: staff, Path: "/api/v1/imports/" + imported.ID.String(), Has: []string{`"status":"done"`, `"accepted":1`, `"refused":1`}},
		{Name: "refusals", As: staff, Path: "/api/v1/imports/" + imported.ID.String() + "/refusals", Has: []string{`"line":3`, `"code":"import.price_invalid"`, `"field":"price"`}},
		{Name: "another's import", As: stranger, Path: "/api/v1/imports/" + imported.ID.String() + "/refusals", Want: 404},
		{Name: "count", As: staff, Method: "POST", Path: "/api/v1/inventory/levels/" + level.LevelID.String() + "/set", Body: map[string]any{"on_hand": 9, "expected_on_hand": 4}, Has: []string{`"available":9`}},
		{Name: "stale count", As: staff, Method: "POST", Path: "/api/v1/inventory/levels/" + level.LevelID.String() + "/set", Body: map[string]any{"on_hand": 9, "expected_on_hand": 4}, Want: 409, Code: "inventory.changed", Has: []string{`"current":{`, `"on_hand":9`}},
		{Name: "another's level", As: stranger, Method: "POST", Path: "/api/v1/inventory/levels/" + level.LevelID.String() + "/set", Body: map[string]any{"on_hand": 9, "expected_on_hand": 9}, Want: 404},
	})
	s.Guarded(t)
}
