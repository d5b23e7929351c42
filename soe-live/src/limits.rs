//! Every bound of the live system, in one place.
//!
//! [`Limits`] holds the bounds that an operator may set; the constants are the bounds
//! without an option. `docs/live.md` lists all of them. With these bounds, no peer
//! can make this process use unbounded memory or time, whatever it sends.

use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The bounds that an operator may set, with defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, in both directions (`--max-message-size`, 4 MiB: the
    /// usual limit of gRPC).
    pub message: usize,
    /// Bytes of messages that a server holds for all its callers
    /// (`--max-held-bytes`, 512 MiB): requests until their call ends, responses until they
    /// are sent. Beyond it, connections that hold more than an equal share are refused
    /// with RESOURCE_EXHAUSTED, so that what is held stays below twice this number.
    pub held: usize,
    /// Connections of callers at a time (`--max-connections`, 4 096). A new one beyond it
    /// takes the place of the one that has been without calls for longest; if all have
    /// calls, it is closed.
    pub connections: usize,
    /// Calls in progress over one connection of a caller (`--max-connection-calls`,
    /// 4 096). HTTP/2 tells callers, which hold back more.
    pub calls: u32,
    /// Time for the message of a request to arrive after its headers
    /// (`--request-timeout`, 60 s); then the call ends with DEADLINE_EXCEEDED.
    pub request_time: Duration,
    /// Time for calls to end after the server was told to stop (`--drain-time`, 5 s); calls
    /// that are still running then are cancelled.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: MESSAGE,
            held: 512 * MIB,
            connections: 4096,
            calls: 4096,
            request_time: Duration::from_secs(60),
            drain: DRAIN,
        }
    }
}

/// Bytes of one message unless an option says otherwise.
pub const MESSAGE: usize = 4 * MIB;
/// The range of `--max-message-size`.
pub const MESSAGE_RANGE: std::ops::RangeInclusive<usize> = KIB..=(1 << 30);

/// Bytes of requests, and again of responses, that one connection of a caller holds.
/// Calls beyond it wait for their turn, in order of arrival; nothing is refused.
pub const CONNECTION: usize = 64 * MIB;
/// Bytes that a peer may send on one stream before this side has reserved memory for
/// the whole message. At the same time the window of flow control of each stream.
pub const STREAM_WINDOW: u32 = 256 << 10;
/// The window of flow control of a connection: as large as HTTP/2 allows, since
/// memory is reserved by message. A shared window would let one stalled message stop
/// all others.
pub const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
/// What DATA frames of less than 256 bytes, not read yet, may lack to that size in all,
/// by connection. A peer that sends more tiny frames at once loses its connection.
pub const TINY_FRAMES: usize = 16 * MIB;
/// Pieces of a message that are smaller are copied together, so that a message of many
/// tiny frames takes as much memory as one of few.
pub const SMALL_PIECE: usize = 4 * KIB;
/// Bytes into which small pieces are collected at a time.
pub const COLLECTED: usize = 16 * KIB;
/// Bytes that are read from one connection before other connections get their turn.
pub const TURN: usize = 128 * KIB;
/// Bytes of the headers of one request or response, decoded.
pub const HEADERS: u32 = 16 << 10;
/// Calls of services other than `RunLambda` that one connection executes at a time,
/// until the first message of the response is sent. Further calls wait.
pub const SERVICE_CALLS: usize = 16;

/// Calls over one connection to a destination before another connection is opened.
pub const CROWDED: usize = 256;
/// Times that a call is sent to the same destination, each after it was provably not
/// delivered.
pub const DELIVERIES: u32 = 3;
/// Connection attempts that one broker makes at a time, towards all destinations.
/// More wait, within the deadlines of their calls.
pub const ATTEMPTS: usize = 256;
/// Time to connect, TLS and the first answer of HTTP/2 included.
pub const CONNECT: Duration = Duration::from_secs(5);
/// A peer that has not acknowledged an HTTP/2 PING within this time counts as dead.
pub const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// So long before the deadline of a call the destination is sent a PING; half the time
/// that is left if that is less.
pub const ASK_BEFORE: Duration = Duration::from_millis(2500);
/// A caller that leaves after so long without an answer has the destination asked for
/// a sign of life.
pub const GIVEN_UP: Duration = Duration::from_secs(1);
/// Time for a connection that is no longer used to send its last frames.
pub const LINGER: Duration = Duration::from_secs(5);

/// Time for a new connection of a caller to get ready, TLS and HTTP/2 each.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// Time for calls to end after a server was told to stop, unless an option says otherwise.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Time for the controller to answer an announcement; it pushes updates meanwhile.
pub const ANNOUNCEMENT: Duration = Duration::from_secs(10);
/// Time for the controller to answer a process that stops.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// Time for the controller to take a broker's report of a failure.
pub const REPORT: Duration = Duration::from_secs(5);
/// Time for one broker to take the updates that follow from one event.
pub const PUSH: Duration = Duration::from_secs(5);
/// Changes that wait for one broker at the controller. A broker that is further behind
/// is removed; when it is reached again, it gets its whole table.
pub const PENDING_CHANGES: usize = 1 << 18;
/// Time during which the controller tries to reach a broker that it has removed.
pub const BROKER_SEARCH: Duration = Duration::from_secs(600);
/// Time for a client to take a result of a workflow, each time it is sent.
pub const DELIVERY: Duration = Duration::from_secs(10);

/// A connection of QUIC on which nothing comes for so long is closed. The side that calls
/// sends something every [`KEEPALIVE`].
#[cfg(feature = "quic")]
pub const QUIC_IDLE: Duration = Duration::from_secs(60);
/// Bytes on their way to the peer that a connection of QUIC keeps until they are
/// acknowledged.
#[cfg(feature = "quic")]
pub const QUIC_SEND_WINDOW: u64 = 1 << 20;
/// Streams in one direction that a peer may have open on a connection of QUIC: HTTP/3
/// needs three.
#[cfg(feature = "quic")]
pub const UNI_STREAMS: u32 = 16;
/// Bytes on each of these streams, during the whole connection.
#[cfg(feature = "quic")]
pub const CONTROL: usize = 64 * KIB;
/// Sessions of QUIC that may be resumed, on either side.
#[cfg(feature = "quic")]
pub const QUIC_SESSIONS: usize = 256;
/// Handshakes of QUIC in progress at a time; further callers are turned away.
#[cfg(feature = "quic")]
pub const HANDSHAKES: usize = 1024;
/// Handshakes of QUIC in progress from which on new callers must prove first that they
/// receive at their address.
#[cfg(feature = "quic")]
pub const UNPROVEN: usize = 64;
/// How often a connection of QUIC with calls looks whether something came.
#[cfg(feature = "quic")]
pub const QUIC_LOOK: Duration = Duration::from_secs(1);
/// Time after which the next address of a destination is tried as well.
#[cfg(feature = "quic")]
pub const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Time for the last responses of a connection of QUIC to arrive before it is closed.
#[cfg(feature = "quic")]
pub const QUIC_FLUSH: Duration = Duration::from_millis(500);

/// Pixels of a picture that is searched for faces.
#[cfg(feature = "facerec")]
pub const PICTURE_PIXELS: u64 = 1 << 24;
/// Pixels of one of its sides.
#[cfg(feature = "facerec")]
pub const PICTURE_SIDE: u32 = 1 << 14;

/// Bytes of the name of a function or a destination in a table.
pub const NAME: usize = 1000;
/// Bytes of an endpoint: the longest name that the domain name system allows, with a port.
pub const ENDPOINT: usize = 260;
/// Channels to callbacks and state servers that are kept open.
pub const CHANNELS: usize = 1024;
/// Results that wait at a callback to be processed; beyond that, callers wait.
pub const RESULTS: usize = 1024;
/// After so much silence the system asks whether a caller is still there (TCP keep-alive).
pub const KEEPALIVE: Duration = Duration::from_secs(20);
/// The pause of a server that was refused a socket by the system.
pub const NO_SOCKETS: Duration = Duration::from_millis(50);
/// Time between two lines of the log about refused callers.
pub const REFUSALS_APART: Duration = Duration::from_secs(1);

/// The bounds of an HTTP server that an operator may set, with defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of the body of a request (4 MiB); a larger one is answered with 413.
    pub body: usize,
    /// Bytes of bodies, of requests and answers, that the server holds for all its peers
    /// (512 MiB). A request beyond it is answered with 503.
    pub held: usize,
    /// Time for the body of a request to arrive after its headers (60 s); then the answer
    /// is 408.
    pub body_time: Duration,
    /// Connections at a time (4 096). A new one beyond it takes the place of the one that
    /// has been without requests for longest; if all have requests, it is closed.
    pub connections: usize,
    /// Connections from one address at a time (2 048). A new one beyond it is closed.
    pub peer_connections: usize,
    /// Requests in progress over one connection of HTTP/2 (256).
    pub streams: u32,
    /// Time without a request after which a connection is closed (60 s). At the same time
    /// the longest time for headers to arrive and for an answer to be read.
    pub idle: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body: MESSAGE,
            held: 512 * MIB,
            body_time: Duration::from_secs(60),
            connections: 4096,
            peer_connections: 2048,
            streams: 256,
            idle: Duration::from_secs(60),
        }
    }
}

/// Bytes of the headers of an HTTP request or answer, and of what is buffered to be sent.
pub const HTTP_HEADERS: usize = 64 * KIB;
/// Header fields of a request over HTTP/1.1.
pub const HTTP_FIELDS: usize = 100;
/// The window of flow control of each stream of HTTP/2.
pub const HTTP_STREAM_WINDOW: u32 = 256 << 10;
/// The window of flow control of a connection of HTTP/2.
pub const HTTP_WINDOW: u32 = 4 << 20;
/// Bytes of an answer that are handed to a connection at a time.
pub const HTTP_PIECE: usize = 64 * KIB;
/// Bytes of a refused body that are read and dropped, so that the peer reads the answer.
pub const HTTP_DISCARD: usize = 64 * MIB;
/// The longest time for that.
pub const HTTP_DISCARD_TIME: Duration = Duration::from_secs(2);
/// Seconds after which a peer may come again that was refused for lack of room.
pub const HTTP_RETRY: u64 = 1;
/// Keys that a front end knows.
pub const HTTP_KEYS: usize = 10_000;
/// Bytes of the name of a namespace.
pub const HTTP_NAME: usize = 256;
/// Bytes of the tables of a broker that a front end reads.
pub const HTTP_TABLES: usize = 64 * MIB;
/// Tables that were read longer ago do not count, nor if three readings were missed.
pub const HTTP_TABLES_AGE: Duration = Duration::from_secs(5);
/// Activations that a front end keeps (`--max-activations`).
pub const HTTP_ACTIVATIONS: usize = 10_000;
/// Bytes of their results and logs.
pub const HTTP_ACTIVATION_BYTES: usize = 64 * MIB;
/// Elements of a list of OpenWhisk, at most.
pub const HTTP_LIST: usize = 200;
/// Elements of such a list if the request does not say.
pub const HTTP_LIST_DEFAULT: usize = 30;
/// Requests that one HTTP client has in progress; more wait, within their deadlines.
pub const HTTP_EXCHANGES: usize = 1024;
/// Connections of one HTTP client beyond which none is kept after its answer.
pub const HTTP_CLIENT_CONNECTIONS: usize = 256;
/// Connections to one host that an HTTP client keeps without requests.
pub const HTTP_CLIENT_PEER_IDLE: usize = 64;
/// How long it keeps them.
pub const HTTP_CLIENT_IDLE: Duration = Duration::from_secs(30);
/// Bytes of the body of a request to a proxy of ETSI MEC; a larger one is answered with 413.
pub const MEC_BODY: usize = 64 * KIB;
/// Bytes of the answer to a notification of ETSI MEC.
pub const MEC_ANSWER: usize = 64 * KIB;
/// Characters of the identifier of a device application or context under v2.2.1 of ETSI MEC.
pub const MEC_IDENTIFIER: usize = 32;
/// Time for a device application to answer a notification.
pub const NOTIFICATION: Duration = Duration::from_secs(5);
/// Time for a proxy of ETSI MEC to answer a device application or a controller.
pub const MEC_REQUEST: Duration = Duration::from_secs(10);
/// Bytes of the list of applications or of the tables of a proxy that its clients read.
pub const MEC_TABLES: usize = 64 * MIB;
/// Changes that wait at a controller for the proxy; beyond it, all tables are compared.
pub const MEC_CHANGES: usize = 4096;
/// Users of the Mattermost mode of `etsimeccli`; beyond it, the first is forgotten.
pub const MATTERMOST_USERS: usize = 1024;

/// Names of functions, and of destinations, that have a label of their own in metrics; all
/// others are counted together.
pub const METRIC_LABELS: usize = 128;
/// Bytes of such a name.
pub const METRIC_NAME: usize = 200;
/// Entries of forwarding tables whose weights are among the metrics.
pub const METRIC_ENTRIES: usize = 1024;
/// Connections of those who read metrics.
pub const METRIC_CONNECTIONS: usize = 16;

/// Bytes of a file of contexts.
pub const JOURNAL: usize = 1 << 30;
/// Bytes of one record of it.
pub const JOURNAL_RECORD: usize = 64 * KIB;
/// Bytes up to which a file of contexts only grows.
pub const JOURNAL_SMALL: usize = MIB;
/// It is replaced when it has grown to so many times its size after the last replacement.
pub const JOURNAL_GROWTH: usize = 4;
