//! Where the executables are that the tests start.

/// The path of an executable of this crate.
pub fn path(program: &str) -> &'static str {
    match program {
        "edgecontroller" => env!("CARGO_BIN_EXE_edgecontroller"),
        "edgecomputer" => env!("CARGO_BIN_EXE_edgecomputer"),
        "edgerouter" => env!("CARGO_BIN_EXE_edgerouter"),
        "edgedispatcher" => env!("CARGO_BIN_EXE_edgedispatcher"),
        "edgeclient" => env!("CARGO_BIN_EXE_edgeclient"),
        "edgeippclient" => env!("CARGO_BIN_EXE_edgeippclient"),
        "edgemulticlient" => env!("CARGO_BIN_EXE_edgemulticlient"),
        "clienttracegen" => env!("CARGO_BIN_EXE_clienttracegen"),
        "forwardingtableclient" => env!("CARGO_BIN_EXE_forwardingtableclient"),
        "ueapplcmproxy" => env!("CARGO_BIN_EXE_ueapplcmproxy"),
        "ueapplcmproxyclient" => env!("CARGO_BIN_EXE_ueapplcmproxyclient"),
        "etsimeccli" => env!("CARGO_BIN_EXE_etsimeccli"),
        "edgecomputerclient" => env!("CARGO_BIN_EXE_edgecomputerclient"),
        "edgecomputerfacerec" => env!("CARGO_BIN_EXE_edgecomputerfacerec"),
        "facerecclient" => env!("CARGO_BIN_EXE_facerecclient"),
        "wskproxy" => env!("CARGO_BIN_EXE_wskproxy"),
        "edgecomputerwsk" => env!("CARGO_BIN_EXE_edgecomputerwsk"),
        "facedetect" => env!("CARGO_BIN_EXE_facedetect"),
        "facerectrain" => env!("CARGO_BIN_EXE_facerectrain"),
        "facerecpredict" => env!("CARGO_BIN_EXE_facerecpredict"),
        _ => panic!("no executable {program}"),
    }
}
