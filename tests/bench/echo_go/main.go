// A bare echo responder on nats.go, as its users write one.
//
//	larder_echo_go URL SUBJECT
package main

import (
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: larder_echo_go URL SUBJECT")
		os.Exit(2)
	}
	closed := make(chan struct{})
	nc, err := nats.Connect(os.Args[1],
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err == nil {
		_, err = nc.Subscribe(os.Args[2], func(m *nats.Msg) { m.Respond(m.Data) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "larder_echo_go:", err)
		os.Exit(1)
	}
	<-closed
}
