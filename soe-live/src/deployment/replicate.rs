//! One replication of a deployment, from the first component to the last.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sim_core::{SimDuration, SimTime, Streams};
use soe_model::client::ClientSpec;
use soe_model::deployment::{Change, Deployment};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::components::names;
use super::contexts::Devices;
use super::front_ends;
use super::observe::{self, Tables};
use super::places::Places;
use super::usage::Usage;
use super::workflows::{self, CALL_TIMEOUT};
use crate::client::{Budget, Common, Destination, Finished, Manner, Order};
use crate::command::{Failure, Stop};
use crate::rpc::EdgeRouterConf;
use crate::rpc::edge_router_conf::Action;
use crate::timer::until;
use crate::{Security, Transport};

/// How long components may take to end.
const FAREWELL: Duration = Duration::from_secs(15);
/// How many calls may be over without being noted yet.
const BACKLOG: usize = 1024;

/// A component, which runs until it is stopped. Dropping it ends it at once.
pub type Component = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What was seen of a replication.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// All calls, in order of their end; those still in progress at the end were
    /// [given up](crate::client::CallError::GivenUp).
    pub calls: Vec<Finished>,
    /// Of each computer by name, how busy each of its processors was on average
    /// after the warm-up.
    pub utilization: BTreeMap<String, BTreeMap<String, f64>>,
    /// The tables of each broker at the end, by name.
    pub tables: Vec<(String, String)>,
    /// When it ended.
    pub end: SimTime,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// Runs replication number `replication` of a deployment at `places`.
///
/// `launch` starts the component of a name. `absent` are the computers and clients
/// that are not there at the start.
///
/// # Errors
/// If a component does not start or ends by itself, or a planned change is
/// impossible here.
pub async fn replicate(
    deployment: &Deployment,
    replication: u32,
    places: &Places,
    absent: &BTreeSet<String>,
    launch: &(dyn Fn(&str, Stop) -> Component + Sync),
    stop: &Stop,
) -> Result<Seen, Failure> {
    check(deployment)?;
    let mut stage = Stage {
        deployment,
        places,
        launch,
        running: BTreeMap::new(),
        ended: JoinSet::new(),
    };
    let there = names(deployment).into_iter();
    let there: BTreeSet<_> = there.filter(|name| !absent.contains(name)).collect();
    let done = stage.perform(replication, &there, absent, stop).await;
    stage.take_down().await;
    done
}

/// Refuses what cannot be done in the real world.
fn check(deployment: &Deployment) -> Result<(), Failure> {
    for event in &deployment.events {
        let what = match event.change {
            Change::ComputerSlows { .. } => "a computer cannot be slowed down",
            Change::LinkChanges { .. } => "the network is not emulated, links cannot change",
            _ => continue,
        };
        let at = event.at.as_secs_f64();
        return Err(Failure::Input(format!(
            "planned change at {at} s: live, {what}"
        )));
    }
    Ok(())
}

/// The components that are there.
struct Stage<'a> {
    deployment: &'a Deployment,
    places: &'a Places,
    launch: &'a (dyn Fn(&str, Stop) -> Component + Sync),
    running: BTreeMap<String, (Stop, AbortHandle)>,
    ended: JoinSet<(String, Result<(), Failure>)>,
}

impl Stage<'_> {
    fn start(&mut self, name: &str) {
        let stop = Stop::new();
        let component = (self.launch)(name, stop.clone());
        let owned = name.to_owned();
        let handle = self.ended.spawn(async move { (owned, component.await) });
        self.running.insert(name.to_owned(), (stop, handle));
    }

    /// Waits until all components are ready, lets the clients call, and reads what
    /// comes of it.
    async fn perform(
        &mut self,
        replication: u32,
        there: &BTreeSet<String>,
        absent: &BTreeSet<String>,
        stop: &Stop,
    ) -> Result<Seen, Failure> {
        let (deployment, places) = (self.deployment, self.places);
        // Those first to which others announce themselves.
        let controllers = deployment.controllers.iter();
        let controllers: BTreeSet<_> = controllers.map(|spec| spec.name.clone()).collect();
        let others: BTreeSet<_> = there.difference(&controllers).cloned().collect();
        // Front ends read the tables of brokers.
        let front_ends = front_ends::names(deployment).map(|(name, _)| name);
        let front_ends: BTreeSet<_> = front_ends.collect();
        let others: BTreeSet<_> = others.difference(&front_ends).cloned().collect();
        let behind: BTreeSet<_> = there.difference(&front_ends).cloned().collect();
        for (group, all) in [
            (&controllers, &controllers),
            (&others, &behind),
            (&front_ends, there),
        ] {
            group.iter().for_each(|name| self.start(name));
            let complete = all.len() == there.len();
            tokio::select! {
                ready = observe::ready(deployment, places, all, complete) => ready?,
                failure = self.unexpected_end() => return Err(failure),
                () = stop.wait() => {
                    return Ok(Seen { interrupted: true, ..Seen::default() });
                }
            }
        }
        let control = &deployment.run;
        let common = Arc::new(Common {
            origin: Instant::now(),
            budget: Budget::new(control.calls),
            stop: Stop::new(),
            grace: Duration::ZERO,
        });
        let after = |span: SimDuration| common.origin + Duration::from_nanos(span.as_nanos());
        let (sender, mut finished) = mpsc::channel(BACKLOG);
        let close = Stop::new();
        let _close = close.clone().on_drop();
        let clients = self.send_clients(replication, absent, &common, sender, &close);
        let (orders, _clients) = clients.await?;
        let mut orders = Some(orders);
        let usage = self.watch(absent, common.origin);

        let mut seen = Seen::default();
        let end = control.duration.map(after);
        let mut events = deployment.events.iter().peekable();
        loop {
            if events.peek().is_none() || common.budget.is_spent() {
                // Clients that have nothing to do may leave.
                orders = None;
            }
            let event = events
                .peek()
                .map(|event| after(event.at.since(SimTime::ZERO)));
            tokio::select! {
                call = finished.recv() => match call {
                    Some(call) => seen.calls.push(call),
                    // All clients are done.
                    None => break,
                },
                () = until(event.map(Instant::into_std)), if event.is_some() && !common.stop.is_stopped() => {
                    if let Some(event) = events.next() {
                        self.change(&event.change, orders.as_ref()).await?;
                    }
                }
                () = until(end.map(Instant::into_std)), if end.is_some() && !common.stop.is_stopped() => common.stop.stop(),
                () = stop.wait(), if !seen.interrupted => {
                    seen.interrupted = true;
                    common.stop.stop();
                }
                failure = self.unexpected_end() => return Err(failure),
            }
        }
        let nanos = common.origin.elapsed().as_nanos() as u64;
        let cut = |end: SimDuration| end.as_nanos().min(nanos);
        seen.end = SimTime::from_nanos(control.duration.map_or(nanos, cut));
        if !seen.interrupted {
            let measured = seen.end.since(SimTime::ZERO + control.warm_up);
            let measured = Duration::from_nanos(measured.as_nanos());
            seen.utilization = usage.means(measured).await;
            seen.tables = observe::tables(deployment, places).await?;
        }
        Ok(seen)
    }

    /// Lets all clients call, and returns where each takes orders. What serves
    /// their workflows runs until `close` is thrown.
    async fn send_clients(
        &self,
        replication: u32,
        absent: &BTreeSet<String>,
        common: &Arc<Common>,
        finished: mpsc::Sender<Finished>,
        close: &Stop,
    ) -> Result<(Orders, JoinSet<()>), Failure> {
        let manner = Manner {
            security: Security::Plaintext,
            transport: Transport::Grpc,
            timeout: CALL_TIMEOUT,
            content: None,
            dry: false,
            workflows: Vec::new(),
            device: None,
        };
        let streams = Streams::new(self.deployment.run.seed, u64::from(replication));
        let mut orders = Orders::new();
        let mut clients = JoinSet::new();
        let mut devices = Devices::default();
        for (index, spec) in (0..).zip(&self.deployment.clients) {
            let placed = ClientSpec {
                destinations: self.endpoints(spec)?,
                ..spec.clone()
            };
            let failed = |failure| Failure::Input(format!("client `{}`: {failure}", spec.name));
            let (deployment, places) = (self.deployment, self.places);
            let device = devices.of_client(deployment, places, spec, close);
            let manner = Manner {
                device: device.await.map_err(failed)?,
                ..manner.clone()
            };
            let mut driver = manner.driver(index, &placed, &streams).map_err(failed)?;
            let workflow = workflows::of_client(deployment, places, &placed, &streams, close);
            if let Some(workflow) = workflow.await.map_err(failed)? {
                driver.destinations = vec![Destination::Workflow(workflow)];
            }
            if front_ends::is_through(spec) {
                let all = spec.destinations.iter();
                let all = all.map(|name| front_ends::caller(places, name).map(Destination::Call));
                driver.destinations = all.collect::<Result<_, _>>()?;
            }
            if absent.contains(&spec.name) {
                driver.machine.stop();
            }
            let (order, taken) = mpsc::unbounded_channel();
            driver.orders = Some(taken);
            orders.insert(spec.name.clone(), order);
            let (common, finished) = (common.clone(), finished.clone());
            clients.spawn(async move { driver.drive(index, &common, finished).await });
        }
        Ok((orders, clients))
    }

    fn endpoints(&self, spec: &ClientSpec) -> Result<Vec<String>, Failure> {
        let endpoint = |name: &String| {
            let place = self.places.get(name);
            let place = place.ok_or_else(|| Failure::Input(format!("`{name}` has no endpoint")))?;
            Ok(place.endpoint.to_string())
        };
        spec.destinations.iter().map(endpoint).collect()
    }

    /// Listens to the reports of all computers about the time after the warm-up.
    fn watch(&self, absent: &BTreeSet<String>, origin: Instant) -> Usage {
        let warm_up = self.deployment.run.warm_up;
        let computers = self.deployment.computers.iter().filter_map(|spec| {
            let was_used = !warm_up.is_zero() && !absent.contains(&spec.name);
            Some((spec.name.as_str(), self.places.get(&spec.name)?, was_used))
        });
        Usage::watch(computers, origin + Duration::from_nanos(warm_up.as_nanos()))
    }

    /// Carries out a planned change.
    async fn change(&mut self, change: &Change, orders: Option<&Orders>) -> Result<(), Failure> {
        info!("planned change: {change:?}");
        let order = |client: &String, order| {
            if let Some(orders) = orders.and_then(|orders| orders.get(client)) {
                // A client that has left takes no orders.
                let _ = orders.send(order);
            }
        };
        match change {
            Change::ComputerFails { computer } => {
                if let Some((_, handle)) = self.running.remove(computer) {
                    handle.abort();
                }
            }
            Change::ComputerLeaves { computer } => {
                if let Some((stop, _)) = self.running.remove(computer) {
                    stop.stop();
                }
            }
            Change::ComputerJoins { computer } => {
                if !self.running.contains_key(computer) {
                    self.start(computer);
                }
            }
            Change::WeightSet {
                broker,
                function,
                destination,
                weight,
            } => {
                let set = self
                    .set_weight(broker, function, destination, *weight)
                    .await;
                set.map_err(|error| Failure::Run(format!("weight of `{destination}`: {error}")))?;
            }
            Change::ClientStarts { client } => order(client, Order::Start),
            Change::ClientStops { client } => order(client, Order::Stop),
            Change::ComputerSlows { .. } | Change::LinkChanges { .. } => {}
        }
        Ok(())
    }

    /// Changes the weight of a destination; whether it is final is unchanged.
    async fn set_weight(
        &self,
        broker: &str,
        function: &str,
        destination: &str,
        weight: f32,
    ) -> Result<(), String> {
        let place = |name| {
            self.places
                .get(name)
                .ok_or_else(|| format!("`{name}` has no endpoint"))
        };
        let destination_endpoint = place(destination)?.endpoint.to_string();
        let mut tables = Tables::of(place(broker)?).map_err(|failure| failure.to_string())?;
        let table = tables.table(0).await?;
        let mut entries = table.entries.iter();
        let entry = entries
            .find(|entry| entry.lambda == function && entry.destination == destination_endpoint);
        let mut computers = self.deployment.computers.iter();
        let is_computer = computers.any(|computer| computer.name == destination);
        tables
            .configure(EdgeRouterConf {
                action: Action::Change.into(),
                lambda: function.to_owned(),
                r#final: entry.map_or(is_computer, |entry| entry.r#final),
                destination: destination_endpoint.clone(),
                weight,
            })
            .await
    }

    /// Waits for a component that ends without being stopped.
    async fn unexpected_end(&mut self) -> Failure {
        loop {
            match self.ended.join_next().await {
                Some(Ok((name, done))) => {
                    if self.running.remove(&name).is_some() {
                        return match done {
                            Ok(()) => Failure::Run(format!("{name}: ended by itself")),
                            Err(failure) => failure,
                        };
                    }
                }
                Some(Err(error)) if error.is_panic() => return broken(&error),
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Stops computers, then brokers, which are told of their leaving, then controllers.
    async fn take_down(mut self) {
        let deployment = self.deployment;
        let mut groups = [Vec::new(), Vec::new(), Vec::new()];
        for (name, running) in std::mem::take(&mut self.running) {
            let is_controller = deployment.controllers.iter().any(|spec| spec.name == name);
            let is_broker = deployment.brokers.iter().any(|spec| spec.name == name);
            groups[usize::from(is_broker) + 2 * usize::from(is_controller)].push((name, running));
        }
        for group in groups {
            group.iter().for_each(|(_, (stop, _))| stop.stop());
            let all_ended = async {
                while group.iter().any(|(_, (_, handle))| !handle.is_finished()) {
                    if self.ended.join_next().await.is_none() {
                        break;
                    }
                }
            };
            if timeout(FAREWELL, all_ended).await.is_err() {
                warn!("components were still running and were killed");
            }
        }
        self.ended.shutdown().await;
    }
}

/// Where clients take orders, by name.
type Orders = BTreeMap<String, mpsc::UnboundedSender<Order>>;

fn broken(error: &JoinError) -> Failure {
    Failure::Run(format!("a component failed: {error}"))
}
