// This file takes the place of etcd's own integration/cluster.go when etcd's tests are built for a fleet: the same
// functions start, stop and remove fleets, by way of the server in fleet-server.ts, whose URL is in FLEET_SERVER.
// What a test needs of etcd's inside is deliberately absent: such tests are left out, each with its reason.

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/clientv3"
	epb "go.etcd.io/etcd/etcdserver/api/v3election/v3electionpb"
	lockpb "go.etcd.io/etcd/etcdserver/api/v3lock/v3lockpb"
	pb "go.etcd.io/etcd/etcdserver/etcdserverpb"
	"go.etcd.io/etcd/pkg/transport"
	"go.etcd.io/etcd/pkg/types"

	"google.golang.org/grpc"
)

const (
	RequestWaitTimeout = 4 * time.Second
	tickDuration       = 10 * time.Millisecond
	requestTimeout     = 20 * time.Second
)

var (
	electionTicks = 10
	// A fleet's certificates are its own: tests with etcd's are left out.
	testTLSInfo, testTLSInfoIP, testTLSInfoExpired, testTLSInfoExpiredIP transport.TLSInfo
)

type ClusterConfig struct {
	Size                        int
	PeerTLS                     *transport.TLSInfo
	ClientTLS                   *transport.TLSInfo
	AuthToken                   string
	AuthTokenTTL                uint
	UseGRPC                     bool
	QuotaBackendBytes           int64
	MaxTxnOps                   uint
	MaxRequestBytes             uint
	SnapshotCount               uint64
	SnapshotCatchUpEntries      uint64
	GRPCKeepAliveMinTime        time.Duration
	GRPCKeepAliveInterval       time.Duration
	GRPCKeepAliveTimeout        time.Duration
	SkipCreatingClient          bool
	ClientMaxCallSendMsgSize    int
	ClientMaxCallRecvMsgSize    int
	UseIP                       bool
	EnableLeaseCheckpoint       bool
	LeaseCheckpointInterval     time.Duration
	LeaseCheckpointPersist      bool
	WatchProgressNotifyInterval time.Duration
}

type serverConfig struct {
	PeerURLs          types.URLs
	ElectionTicks     int
	DataDir           string
	QuotaBackendBytes int64
}

// As etcd's integration tests have it: 5 s and two elections.
func (c *serverConfig) ReqTimeout() time.Duration { return 5*time.Second + 2*time.Second }

type ServerConfig = serverConfig

type member struct {
	ServerConfig
	Name          string
	ClientTLSInfo *transport.TLSInfo
	DialOptions   []grpc.DialOption

	clus       *cluster
	at         int
	id         uint64
	address    string
	grpcBridge *bridge
	stopc      chan struct{}

	clientMaxCallSendMsgSize int
	clientMaxCallRecvMsgSize int
}

type cluster struct {
	cfg     *ClusterConfig
	Members []*member
	id      string
}

type ClusterV3 struct {
	*cluster

	mu      sync.Mutex
	clients []*clientv3.Client
}

type describedMember struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
	Peer string `json:"peer"`
	Etcd string `json:"etcd"`
}

type described struct {
	ID      string            `json:"id"`
	Members []describedMember `json:"members"`
}

func ask(t testing.TB, method, path string) []byte {
	body, err := request(method, path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func request(method, path string) ([]byte, error) {
	request, err := http.NewRequest(method, os.Getenv("FLEET_SERVER")+path, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, body)
	}
	return body, err
}

func NewClusterByConfig(t testing.TB, cfg *ClusterConfig) *cluster {
	var made described
	if err := json.Unmarshal(ask(t, "POST", fmt.Sprintf("/fleets?size=%d", cfg.Size)), &made); err != nil {
		t.Fatal(err)
	}
	c := &cluster{cfg: cfg, id: made.ID}
	for at, each := range made.Members {
		c.Members = append(c.Members, c.described(t, at, each))
	}
	return c
}

// Its members run since it was made.
func (c *cluster) Launch(t testing.TB) { c.waitLeader(t, c.Members) }

func NewClusterV3(t testing.TB, cfg *ClusterConfig) *ClusterV3 {
	clus := &ClusterV3{cluster: NewClusterByConfig(t, cfg)}
	clus.WaitLeader(t)
	if cfg.SkipCreatingClient {
		return clus
	}
	for _, m := range clus.Members {
		client, err := NewClientV3(m)
		if err != nil {
			t.Fatalf("cannot create client: %v", err)
		}
		clus.clients = append(clus.clients, client)
	}
	return clus
}

func (c *cluster) described(t testing.TB, at int, each describedMember) *member {
	m := &member{Name: each.Name, clus: c, at: at, id: each.ID, address: each.Etcd, stopc: make(chan struct{})}
	m.ElectionTicks = electionTicks
	m.PeerURLs = types.MustNewURLs([]string{"http://" + each.Peer})
	m.clientMaxCallSendMsgSize = c.cfg.ClientMaxCallSendMsgSize
	m.clientMaxCallRecvMsgSize = c.cfg.ClientMaxCallRecvMsgSize
	m.listen(t)
	return m
}

// A fleet's member is started with the number that MemberAdd answered.
func (c *ClusterV3) MustNewMember(t testing.TB, response *clientv3.MemberAddResponse) *member {
	added := response.Member
	peer := types.MustNewURLs(added.PeerURLs)[0].Host
	var started describedMember
	body := ask(t, "POST", fmt.Sprintf("/fleets/%s/join/%d?peer=%s", c.id, added.ID, peer))
	if err := json.Unmarshal(body, &started); err != nil {
		t.Fatal(err)
	}
	return c.described(t, len(c.Members), started)
}

// It runs since MustNewMember.
func (m *member) Launch() error { return nil }

func (m *member) listen(t testing.TB) {
	// After a restart clients find it where it was.
	in := "127.0.0.1:0"
	if m.grpcBridge != nil {
		in = m.grpcBridge.l.Addr().String()
	}
	bridge, err := newBridge(in, m.address)
	if err != nil {
		t.Fatal(err)
	}
	m.grpcBridge = bridge
}

func NewClientV3(m *member) (*clientv3.Client, error) {
	return newClientV3(clientv3.Config{
		Endpoints:          []string{m.GRPCAddr()},
		DialTimeout:        5 * time.Second,
		DialOptions:        append([]grpc.DialOption{grpc.WithBlock()}, m.DialOptions...),
		MaxCallSendMsgSize: m.clientMaxCallSendMsgSize,
		MaxCallRecvMsgSize: m.clientMaxCallRecvMsgSize,
	})
}

func (m *member) GRPCAddr() string               { return m.grpcBridge.URL() }
func (m *member) URL() string                    { return "http://" + m.address }
func (m *member) ID() types.ID                   { return types.ID(m.id) }
func (m *member) ElectionTimeout() time.Duration { return time.Second }
func (m *member) DropConnections()               { m.grpcBridge.Reset() }
func (m *member) PauseConnections()              { m.grpcBridge.Pause() }
func (m *member) UnpauseConnections()            { m.grpcBridge.Unpause() }
func (m *member) Blackhole()                     { m.grpcBridge.Blackhole() }
func (m *member) Unblackhole()                   { m.grpcBridge.Unblackhole() }
func (m *member) StopNotify() <-chan struct{}    { return m.stopc }
func (m *member) WaitStarted(t testing.TB)       {}

func (m *member) ReadyNotify() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}

func (m *member) Stop(t testing.TB) {
	m.grpcBridge.Close()
	ask(t, "POST", fmt.Sprintf("/fleets/%s/stop/%d", m.clus.id, m.at))
	close(m.stopc)
	m.clus.untilNoticed()
}

// etcd's test servers miss a quorum after 0.1 s, and the tests wait for that. A fleet's members have longer time-outs.
func (c *cluster) untilNoticed() {
	running := 0
	for _, m := range c.Members {
		if !m.isStopped() {
			running++
		}
	}
	if 2*running > len(c.Members) {
		return
	}
	for _, m := range c.Members {
		for !m.isStopped() && m.lead() != 0 {
			time.Sleep(tickDuration)
		}
	}
}

func (m *member) Terminate(t testing.TB) { m.Stop(t) }

func (m *member) Restart(t testing.TB) error {
	m.listen(t)
	ask(t, "POST", fmt.Sprintf("/fleets/%s/start/%d", m.clus.id, m.at))
	m.stopc = make(chan struct{})
	return nil
}

func (m *member) isStopped() bool {
	select {
	case <-m.stopc:
		return true
	default:
		return false
	}
}

// Of whom the member thinks that it leads, by its own connection; 0 if it does not answer, or has none.
func (m *member) lead() uint64 {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.address}, DialTimeout: 5 * time.Second})
	if err != nil {
		return 0
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	status, err := client.Status(ctx, m.address)
	if err != nil {
		return 0
	}
	return status.Leader
}

func (m *member) WaitOK(t testing.TB) {
	for m.lead() == 0 {
		time.Sleep(tickDuration)
	}
}

func (c *cluster) WaitLeader(t testing.TB) int { return c.waitLeader(t, c.Members) }

func (c *cluster) waitLeader(t testing.TB, members []*member) int {
	for until := time.Now().Add(60 * time.Second); time.Now().Before(until); time.Sleep(tickDuration) {
		leads := map[uint64]bool{}
		for _, m := range members {
			if !m.isStopped() {
				leads[m.lead()] = true
			}
		}
		for at, m := range members {
			if len(leads) == 1 && leads[m.id] {
				return at
			}
		}
	}
	t.Fatal("no leader within a minute")
	return -1
}

// Each test cuts one member off from all others.
func (m *member) InjectPartition(t testing.TB, others ...*member) { m.order(t, "cut", others) }

func (m *member) RecoverPartition(t testing.TB, others ...*member) { m.order(t, "mend", others) }

func (m *member) order(t testing.TB, verb string, others []*member) {
	if len(others) != len(m.clus.Members)-1 {
		t.Fatal("a test that cuts off some of the others is left out (go-suite.ts)")
	}
	ask(t, "POST", fmt.Sprintf("/fleets/%s/%s/%d", m.clus.id, verb, m.at))
}

// A fleet's number of watches is what etcd calls by another name.
func (m *member) Metric(name string) (string, error) {
	if name != "etcd_debugging_mvcc_watcher_total" {
		return "", fmt.Errorf("a fleet has no %s", name)
	}
	var counted struct {
		Watches string `json:"watches"`
	}
	body, err := request("POST", fmt.Sprintf("/fleets/%s/watches/%d", m.clus.id, m.at))
	if err != nil {
		return "", err
	}
	err = json.Unmarshal(body, &counted)
	return counted.Watches, err
}

// The member keeps its clients, and loses all messages of the others.
func (m *member) Pause()  { m.mustOrder("cut") }
func (m *member) Resume() { m.mustOrder("mend") }

func (m *member) mustOrder(verb string) {
	if _, err := request("POST", fmt.Sprintf("/fleets/%s/%s/%d", m.clus.id, verb, m.at)); err != nil {
		panic(err)
	}
}

func (c *ClusterV3) TakeClient(at int) {
	c.mu.Lock()
	c.clients[at] = nil
	c.mu.Unlock()
}

func (c *ClusterV3) Terminate(t testing.TB) {
	c.mu.Lock()
	for _, client := range c.clients {
		if client == nil {
			continue
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	c.mu.Unlock()
	for _, m := range c.Members {
		if !m.isStopped() {
			m.grpcBridge.Close()
		}
	}
	ask(t, "DELETE", "/fleets/"+c.id)
}

func (c *ClusterV3) RandClient() *clientv3.Client { return c.clients[rand.Intn(len(c.clients))] }

func (c *ClusterV3) Client(at int) *clientv3.Client { return c.clients[at] }

func WaitClientV3(t testing.TB, kv clientv3.KV) {
	var err error
	for until := time.Now().Add(requestTimeout); time.Now().Before(until); time.Sleep(tickDuration) {
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		_, err = kv.Get(ctx, "/")
		cancel()
		if err == nil {
			return
		}
	}
	t.Fatalf("timed out waiting for client: %v", err)
}

// Faults inside a server have no counterpart here: tests that need them are left out.
const notHere = "a test that needs this is left out (go-suite.ts)"

func (c *ClusterV3) AddAndLaunchLearnerMember(t testing.TB)   { panic(notHere) }
func (c *ClusterV3) GetLearnerMembers() ([]*pb.Member, error) { panic(notHere) }

type grpcAPI struct {
	Cluster     pb.ClusterClient
	KV          pb.KVClient
	Lease       pb.LeaseClient
	Watch       pb.WatchClient
	Maintenance pb.MaintenanceClient
	Auth        pb.AuthClient
	Lock        lockpb.LockClient
	Election    epb.ElectionClient
}
