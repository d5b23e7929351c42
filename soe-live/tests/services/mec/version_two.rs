//! Version 2.2.1.

use http::Method;
use serde_json::{Value, json};
use soe_live::mec::ProxyOptions;

use super::{Bench, Callback, moment};
use crate::support::eventually;

const BASE: &str = "/dev_app/v1";

fn context(callback: &str, name: &str) -> Value {
    json!({ "AppContext": {
        "associateDevAppId": "d1",
        "callbackReference": callback,
        "appInfo": {
            "appName": name,
            "appProvider": "OpenLambdaMec",
            "appDVersion": "1.0",
            "userAppInstanceInfo": [],
        },
    }})
}

async fn bench() -> Bench {
    let options = ProxyOptions {
        country: Some("IT".to_owned()),
        ..ProxyOptions::default()
    };
    let mut bench = Bench::with(&options).await;
    bench.add("f").await;
    bench.add("g").await;
    bench.associate("", "f", "127.0.0.1:1").await;
    bench
}

async fn create(bench: &Bench, body: &Value) -> super::Response {
    let path = format!("{BASE}/app_contexts");
    bench.ask(Method::POST, &path, &body.to_string()).await
}

#[tokio::test]
async fn a_context_is_created_found_at_its_location_and_deleted() {
    let mut bench = bench().await;
    let created = create(&bench, &context("http://127.0.0.1:1/d1", "f")).await;
    assert_eq!(created.status(), 201, "{}", created.text());
    let body = created.json();
    let id = body["AppContext"]["contextId"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    let instance = &body["AppContext"]["appInfo"]["userAppInstanceInfo"][0];
    assert_eq!(instance["referenceURI"], "http://127.0.0.1:1");
    let location = created.header("location");
    assert_eq!(location, format!("{}{BASE}/app_contexts/{id}", bench.root));

    let path = format!("{BASE}/app_contexts/{id}");
    assert_eq!(bench.ask(Method::DELETE, &path, "").await.status(), 204);
    let gone = bench.ask(Method::DELETE, &path, "").await;
    assert_eq!(gone.status(), 404);
    assert_eq!(gone.header("content-type"), "application/problem+json");
    assert_eq!(gone.json()["status"], 404);
    assert_eq!(bench.count().await, 0);
}

#[tokio::test]
async fn problems_have_their_own_type_and_say_where() {
    let bench = bench().await;
    let mut wrong = context("http://127.0.0.1:1/d1", "f");
    wrong["AppContext"]["appInfo"]["appName"] = json!(7);
    let wrong = wrong.to_string();
    let mut nowhere = context("nowhere", "f");
    let unreachable = nowhere.to_string();
    nowhere["AppContext"]["associateDevAppId"] = json!("x".repeat(33));
    nowhere["AppContext"]["callbackReference"] = json!("http://127.0.0.1:1/d1");
    let (long, unknown) = (nowhere.to_string(), context("http://h/d", "h").to_string());
    let unserved = context("http://h/d", "g").to_string();
    let contexts = format!("{BASE}/app_contexts");
    let one = format!("{BASE}/app_contexts/{}", "0".repeat(32));
    let list = format!("{BASE}/app_list?servicecont=maybe");
    for (method, path, body, status, words) in [
        (
            Method::POST,
            &contexts,
            wrong.as_str(),
            400,
            "AppContext.appInfo.appName: expected a string",
        ),
        (Method::POST, &contexts, "{", 400, "not JSON"),
        (
            Method::POST,
            &contexts,
            "{}",
            400,
            "body.AppContext: missing",
        ),
        (
            Method::POST,
            &contexts,
            unreachable.as_str(),
            400,
            "callbackReference: expected an address",
        ),
        (
            Method::POST,
            &contexts,
            long.as_str(),
            400,
            "associateDevAppId: expected 1 to 32",
        ),
        (
            Method::POST,
            &contexts,
            unknown.as_str(),
            403,
            "no application `h`",
        ),
        (
            Method::POST,
            &contexts,
            unserved.as_str(),
            403,
            "no end-point serves",
        ),
        (Method::PUT, &one, unknown.as_str(), 404, "no context"),
        (Method::DELETE, &one, "", 404, "no context"),
        (Method::GET, &one, "", 405, "DELETE, PUT"),
        (Method::GET, &contexts, "", 405, "POST"),
        (Method::GET, &list, "", 400, "serviceCont: expected 0 or 1"),
        (
            Method::GET,
            &format!("{BASE}/nothing"),
            "",
            404,
            "no resource",
        ),
        (
            Method::GET,
            &format!("{BASE}/app_list/"),
            "",
            404,
            "no resource",
        ),
    ] {
        let answer = bench.ask(method.clone(), path, body).await;
        assert_eq!(answer.status(), status, "{method} {path} {body}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        if status == 405 {
            assert!(!answer.header("allow").is_empty());
        }
    }
}

#[tokio::test]
async fn the_list_is_filtered_by_name_provider_version_and_continuity() {
    let bench = bench().await;
    for (query, expected) in [
        ("", vec!["f", "g"]),
        ("?appname=f", vec!["f"]),
        ("?appName=g&appname=x", vec!["g"]),
        (
            "?appname=f&appname=g&appprovider=OpenLambdaMec",
            vec!["f", "g"],
        ),
        ("?appprovider=other", vec![]),
        ("?appsoftversion=1.0", vec!["f", "g"]),
        ("?appsoftversion=2.0&appname=f", vec![]),
        ("?servicecont=0", vec!["f", "g"]),
        ("?servicecont=1", vec![]),
        ("?servicecont=5", vec![]),
        ("?vendorid=v", vec![]),
        ("?unknown=1", vec!["f", "g"]),
    ] {
        let path = format!("{BASE}/app_list{query}");
        let list = bench.ask(Method::GET, &path, "").await;
        assert_eq!(list.status(), 200);
        let list = list.json();
        let all = list["ApplicationList"]["appList"].as_array().unwrap();
        let names: Vec<_> = all
            .iter()
            .map(|it| it["appInfo"]["appName"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
    // As many as the headers have room for.
    let many = format!("{BASE}/app_list?{}", "appname=x&".repeat(5000));
    assert_eq!(bench.ask(Method::GET, &many, "").await.status(), 200);
}

#[tokio::test]
async fn a_new_reference_is_notified_with_its_context() {
    let mut bench = bench().await;
    let callback = Callback::start(503).await;
    let uri = format!("http://{}/d1", callback.endpoint);
    let created = create(&bench, &context(&uri, "f")).await.json();
    let id = created["AppContext"]["contextId"].clone();
    bench.associate("", "f", "127.0.0.1:2").await;
    let expected = json!({
        "notificationType": "AddressChangeNotification",
        "contextId": id,
        "appInstanceId": id,
        "referenceURI": "http://127.0.0.1:2",
    });
    // A 503 does not end the context; the notification is repeated.
    eventually("notified", async || callback.taken().len() >= 2).await;
    assert_eq!(callback.taken()[1], ("/d1".to_owned(), expected));
    callback.answer(410);
    eventually("dropped", async || bench.count().await == 0).await;
}

#[tokio::test]
async fn an_update_changes_the_callback_and_nothing_else() {
    let mut bench = bench().await;
    let callback = Callback::start(204).await;
    let created = create(&bench, &context("http://127.0.0.1:1/d1", "f"))
        .await
        .json();
    let id = created["AppContext"]["contextId"].as_str().unwrap();
    let path = format!("{BASE}/app_contexts/{id}");
    let mut body = context(&format!("http://{}/new", callback.endpoint), "g");
    body["AppContext"]["associateDevAppId"] = json!("another");
    let updated = bench.ask(Method::PUT, &path, &body.to_string()).await;
    assert_eq!((updated.status(), updated.text()), (204, ""));
    // Without a callback in it, an update changes nothing.
    body["AppContext"]
        .as_object_mut()
        .unwrap()
        .remove("callbackReference");
    assert_eq!(
        bench
            .ask(Method::PUT, &path, &body.to_string())
            .await
            .status(),
        204
    );
    bench.associate("", "f", "127.0.0.1:2").await;
    eventually("notified", async || callback.taken().len() == 1).await;
    assert_eq!(callback.taken()[0].0, "/new");
    assert_eq!(bench.contexts().await[0].1, "f");
}

#[tokio::test]
async fn applications_are_available_where_the_system_is() {
    let bench = bench().await;
    let ask = async |name: &str| {
        let body = json!({ "ApplicationLocationAvailability": {
            "associateDevAppId": "d1",
            "appInfo": {"appName": name, "appProvider": "OpenLambdaMec", "appDVersion": "1.0"},
        }});
        let path = format!("{BASE}/obtain_app_loc_availability");
        let answer = bench.ask(Method::POST, &path, &body.to_string()).await;
        assert_eq!(answer.status(), 200);
        answer.json()["ApplicationLocationAvailability"]["appInfo"]["availableLocations"].clone()
    };
    assert_eq!(
        ask("f").await,
        json!([{"appLocation": {"countryCode": "IT"}}])
    );
    assert_eq!(ask("g").await, json!([]));
    assert_eq!(ask("h").await, json!([]));

    let mut elsewhere = context("http://127.0.0.1:1/d1", "f");
    let wanted = json!([{"appLocation": {"countryCode": "FR"}}]);
    elsewhere["AppContext"]["appInfo"]["userAppInstanceInfo"] = wanted;
    assert_eq!(create(&bench, &elsewhere).await.status(), 403);
    let wanted = json!([{"appLocation": {"countryCode": "IT"}}]);
    elsewhere["AppContext"]["appInfo"]["userAppInstanceInfo"] = wanted;
    assert_eq!(create(&bench, &elsewhere).await.status(), 201);
}

#[tokio::test]
async fn the_two_versions_do_not_see_the_contexts_of_each_other() {
    let mut bench = bench().await;
    let created = create(&bench, &context("http://127.0.0.1:1/d1", "f"))
        .await
        .json();
    let id = created["AppContext"]["contextId"].as_str().unwrap();
    let path = format!("/mx2/v1/app_contexts/{id}");
    assert_eq!(bench.ask(Method::DELETE, &path, "").await.status(), 403);
    let callback = Callback::start(204).await;
    let other = super::version_one::create(&bench, "u1", &callback).await;
    let path = format!("{BASE}/app_contexts/{}", other.replace('-', ""));
    assert_eq!(bench.ask(Method::DELETE, &path, "").await.status(), 404);
    moment().await;
    assert_eq!(bench.count().await, 2);
}
