//! Conversion of workflow requests and responses to gRPC messages and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use soe_model::workflow::{
    Argument, Contents, GraphError, Meeting, Plan, Problem, Request, Response, Shape, StateRef,
    States, check,
};

use crate::rpc::{self, Dag, FunctionList, IndexList, LambdaRequest, LambdaResponse, State};
use crate::wire;

/// Why a request makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Parts of it exclude each other.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The functions of its graph cannot be put in order.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Successors and names of a graph do not fit.
    #[error("Invalid size of successors and function names: {successors} vs {names}")]
    Lengths {
        /// Lists of successors.
        successors: usize,
        /// Names of functions: one more would be right.
        names: usize,
    },
    /// The function to execute is not the one at its place in the chain or graph.
    #[error("the request is for {name}, but function {step} of its workflow is {planned}")]
    OtherFunction {
        /// The function that the request names.
        name: String,
        /// The place in the workflow.
        step: u32,
        /// The function that is there.
        planned: String,
    },
}

/// Reads a request.
///
/// # Errors
/// If it is not valid, for any computer.
pub fn request(message: LambdaRequest) -> Result<Request<Contents>, Unreadable> {
    let needed = message.dependencies.into_iter();
    let needed = needed.map(|(state, list)| (state, list.functions));
    let plan = match message.dag {
        Some(_) if !message.chain.is_empty() => return Err(Problem::ChainAndDag.into()),
        Some(dag) if dag != Dag::default() => graph(dag)?,
        _ if message.chain.is_empty() => Plan::single(message.name.clone()),
        _ => Plan::chain(message.chain)?,
    };
    let plan = plan.with_states(needed);
    // A single function has one place only, whatever the request says.
    let step = match plan.shape() {
        Shape::Single => 0,
        _ => message.next_function_index,
    };
    let request = Request {
        plan: Arc::new(plan),
        step,
        from: message.previous_function_index,
        argument: Argument {
            text: message.input,
            data: message.datain.into(),
        },
        states: states(message.states),
        uuid: message.uuid,
        callback: Some(message.callback).filter(|callback| !callback.is_empty()),
        hops: message.hops,
    };
    check(&request)?;
    if request.function() != message.name {
        return Err(Unreadable::OtherFunction {
            planned: request.function().to_owned(),
            name: message.name,
            step,
        });
    }
    Ok(request)
}

fn graph(dag: Dag) -> Result<Plan, Unreadable> {
    let (successors, names) = (dag.successors.len(), dag.names.len());
    if names != successors + 1 {
        return Err(Unreadable::Lengths { successors, names });
    }
    let lists = dag.successors.into_iter();
    let lists: Vec<_> = lists.map(|list| list.functions).collect();
    Ok(Plan::dag(dag.names, &lists)?)
}

/// Writes a request.
pub fn to_request(request: &Request<Contents>) -> LambdaRequest {
    let plan = &request.plan;
    let (mut chain, mut dag) = (Vec::new(), None);
    match plan.shape() {
        Shape::Single => {}
        Shape::Chain => chain = plan.functions().to_vec(),
        Shape::Dag => {
            let list = |step: u32| plan.successors(step).iter().map(|&next| next.into());
            let all = 0..plan.steps() - 1;
            let lists = all.map(|step| IndexList {
                functions: list(step).collect(),
            });
            dag = Some(Dag {
                successors: lists.collect(),
                names: plan.functions().to_vec(),
            });
        }
    }
    let needed = plan.dependencies().iter();
    let needed = needed.filter(|(_, functions)| !functions.is_empty());
    let needed = needed.map(|(state, functions)| {
        let functions = functions.clone();
        (state.clone(), FunctionList { functions })
    });
    LambdaRequest {
        name: request.function().to_owned(),
        input: request.argument.text.clone(),
        datain: request.argument.data.clone().into(),
        hops: request.hops,
        states: to_states(&request.states),
        callback: request.callback.clone().unwrap_or_default(),
        chain,
        dag,
        dependencies: needed.collect(),
        next_function_index: request.step,
        uuid: request.uuid.clone(),
        previous_function_index: request.from,
        ..LambdaRequest::default()
    }
}

/// Reads a response.
pub fn response(message: LambdaResponse) -> Response<Contents> {
    let succeeded = message.retcode == rpc::OK;
    Response {
        output: succeeded.then(|| Argument {
            text: message.output,
            data: message.dataout.into(),
        }),
        retcode: message.retcode,
        states: states(message.states),
        responder: message.responder,
        hops: message.hops,
        uuid: Some(message.uuid).filter(|uuid| !uuid.is_empty()),
    }
}

/// Writes a response.
pub fn to_response(response: Response<Contents>) -> LambdaResponse {
    let output = response.output.unwrap_or_default();
    LambdaResponse {
        retcode: response.retcode,
        output: output.text,
        dataout: output.data.into(),
        responder: response.responder,
        hops: response.hops,
        states: to_states(&response.states),
        uuid: response.uuid.unwrap_or_default(),
        ..LambdaResponse::default()
    }
}

fn states(messages: BTreeMap<String, State>) -> States<Contents> {
    let state = |state: State| match state.location.is_empty() {
        true => StateRef::Embedded(state.content[..].into()),
        false => StateRef::Remote(state.location),
    };
    let all = messages.into_iter();
    all.map(|(name, message)| (name, state(message))).collect()
}

/// Writes states, as they travel inside other messages.
pub(crate) fn to_states(states: &States<Contents>) -> BTreeMap<String, State> {
    let message = |state: &StateRef<Contents>| match state {
        StateRef::Embedded(content) => State {
            content: Bytes::from_owner(content.clone()),
            ..State::default()
        },
        StateRef::Remote(location) => State {
            location: location.clone(),
            ..State::default()
        },
    };
    let all = states.iter();
    all.map(|(name, state)| (name.clone(), message(state)))
        .collect()
}

/// Where the branches of a workflow meet, if the function of a request waits for
/// several others.
pub fn meeting(request: &wire::Request) -> Option<Meeting> {
    if !request.has_graph {
        return None;
    }
    let message = LambdaRequest::decode(request.frame().message()).ok()?;
    let step = message.next_function_index;
    let lists = message.dag?.successors;
    let precedes = |list: &&IndexList| list.functions.contains(&u64::from(step));
    let predecessors = lists.iter().filter(precedes).count();
    (predecessors > 1 && !message.uuid.is_empty()).then(|| Meeting::new(&message.uuid, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(plan: Plan, step: u32) -> Request<Contents> {
        let needed = [("s0", vec!["f1"]), ("s1", vec!["f1", "f2"])];
        let embedded = StateRef::Embedded(b"content"[..].into());
        let states = [
            ("s0".to_owned(), embedded),
            ("s1".to_owned(), StateRef::Remote("host:6481".to_owned())),
        ];
        Request {
            plan: Arc::new(plan.with_states(needed)),
            step,
            from: step.checked_sub(1),
            argument: Argument {
                text: "text".to_owned(),
                data: vec![0, 1, 0xff],
            },
            states: states.into(),
            uuid: "24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12".to_owned(),
            callback: Some("host:6480".to_owned()),
            hops: 3,
        }
    }

    #[test]
    fn requests_come_back_as_they_were() {
        let diamond = [vec![1, 2], vec![3], vec![3]];
        let plans = [
            (Plan::single("f1"), 0),
            (Plan::chain(["f1", "f2", "f1"]).unwrap(), 1),
            (Plan::dag(["f1", "f2", "f1", "f3"], &diamond).unwrap(), 3),
            (Plan::dag(["f1"], &[]).unwrap(), 0),
        ];
        for (plan, step) in plans {
            let sent = sample(plan, step);
            let bytes = to_request(&sent).encode_to_vec();
            let message = LambdaRequest::decode(&bytes[..]).unwrap();
            assert_eq!(request(message), Ok(sent));
        }
    }

    #[test]
    fn responses_come_back_as_they_were() {
        let sent = Response {
            retcode: rpc::OK.to_owned(),
            output: Some(Argument::default()),
            states: sample(Plan::single("f1"), 0).states,
            responder: "host:6473".to_owned(),
            hops: 7,
            uuid: Some("u".to_owned()),
        };
        assert_eq!(response(to_response(sent.clone())), sent);
        let failed = Response {
            retcode: "it failed".to_owned(),
            output: None,
            uuid: None,
            ..sent
        };
        assert_eq!(response(to_response(failed.clone())), failed);
    }

    #[test]
    fn requests_that_make_no_sense_say_why() {
        let chain = to_request(&sample(Plan::chain(["f1", "f2"]).unwrap(), 1));
        let dag = to_request(&sample(Plan::dag(["f1", "f2"], &[vec![1]]).unwrap(), 1));
        let with = |change: &dyn Fn(&mut LambdaRequest), message: &LambdaRequest| {
            let mut message = message.clone();
            change(&mut message);
            request(message).unwrap_err().to_string()
        };
        let both = with(&|message| message.dag = dag.dag.clone(), &chain);
        assert_eq!(
            both,
            "Cannot specify both a function chain and a DAG in the request"
        );
        assert_eq!(
            with(&|message| message.name = "f1".to_owned(), &chain),
            "the request is for f1, but function 1 of its workflow is f2"
        );
        let names = |names: &'static [&'static str]| {
            move |message: &mut LambdaRequest| {
                if let Some(dag) = &mut message.dag {
                    dag.names = names.iter().map(|&name| name.to_owned()).collect();
                }
            }
        };
        assert_eq!(
            with(&names(&["f1"]), &dag),
            "Invalid size of successors and function names: 1 vs 1"
        );
        let circle = |message: &mut LambdaRequest| {
            if let Some(dag) = &mut message.dag {
                dag.successors[0].functions = vec![0];
            }
        };
        assert!(with(&circle, &dag).starts_with("Invalid successor graph: step 0"));
    }

    #[test]
    fn branches_meet_at_joins_only() {
        let diamond = [vec![1, 2], vec![3], vec![3]];
        let plan = Plan::dag(["f1", "f2", "f1", "f3"], &diamond).unwrap();
        for step in 0..4 {
            let message = to_request(&sample(plan.clone(), step));
            let read = wire::Request::read(wire::Frame::encode(&message)).unwrap();
            let expected = (step == 3).then(|| Meeting::new(&message.uuid, 3));
            assert_eq!(meeting(&read), expected);
        }
    }
}
