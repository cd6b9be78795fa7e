package wire_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"google.golang.org/protobuf/proto"

	"neuralode/wire"
)

// TestMessages lets generated code read what is written.
func TestMessages(t *testing.T) {
	read := func(m wire.Message, into proto.Message) {
		t.Helper()
		if err := proto.Unmarshal(m, into); err != nil {
			t.Fatal(err)
		}
	}
	var m wire.Message
	m.Int(1, -7)
	m.Int(2, 300)
	var d durationpb.Duration
	if read(m, &d); d.Seconds != -7 || d.Nanos != 300 {
		t.Errorf("%v", &d)
	}
	var f, g wire.Message
	f.Float(1, 1.5)
	g.Double(1, -1e300)
	var single wrapperspb.FloatValue
	var double wrapperspb.DoubleValue
	if read(f, &single); single.Value != 1.5 {
		t.Errorf("%v", &single)
	}
	if read(g, &double); double.Value != -1e300 {
		t.Errorf("%v", &double)
	}
	var inner, outer wire.Message
	inner.Text(1, "größe")
	outer.Text(1, "name")
	outer.Bytes(2, inner)
	outer.Bytes(2, nil)
	var api apipb.Api
	if read(outer, &api); api.Name != "name" || len(api.Methods) != 2 || api.Methods[0].Name != "größe" {
		t.Errorf("%v", &api)
	}
}
