package driver

// oldest is the oldest driver that has every function this package calls: cuGraphInstantiateWithFlags came with 11.4.
var oldest = Version{11, 4}

// Devices describes the GPUs that this process can see, with their libraries. The error says why there is none: built
// without CUDA, no driver, a driver that does not work or is too old, or no GPU. A missing NVRTC or cuBLAS is no error
// here: see the fields of Info. Looking for cuBLAS may take a second.
func Devices() ([]Info, error) {
	driver, n, err := probe("Devices")
	if err != nil {
		return nil, err
	}
	nvrtc, cublas := findNVRTC(driver).Library, findCUBLAS(driver).Library
	infos := make([]Info, n)
	for i := range infos {
		if infos[i], err = describe(i); err != nil {
			return nil, err
		}
		infos[i].Driver, infos[i].NVRTC, infos[i].CUBLAS = driver, nvrtc, cublas
	}
	return infos, nil
}

// probe starts the driver and returns its version and the number of GPUs, which is not 0.
func probe(call string) (driver Version, n int, err error) {
	if api == nil {
		return driver, 0, notBuilt(call)
	}
	if err := started(call); err != nil {
		return driver, 0, err
	}
	if driver, err = driverVersion(); err != nil {
		return driver, 0, err
	}
	if driver.before(oldest) {
		return driver, 0, &Error{Call: call, Name: DriverTooOld, Remedy: "the driver knows CUDA " + driver.String() +
			", neuralode needs " + oldest.String() + ": update the NVIDIA driver"}
	}
	n, code := api.count()
	if code == codeOK && n == 0 || code == codeNoDevice {
		return driver, 0, noDevice(call)
	}
	if code != codeOK {
		return driver, 0, newError("cuDeviceGetCount", code)
	}
	return driver, n, nil
}

func driverVersion() (Version, error) {
	v, code := api.version()
	if code != codeOK {
		return Version{}, newError("cuDriverGetVersion", code)
	}
	return Version{v / 1000, v % 1000 / 10}, nil
}

// started is nil when the driver is initialised.
func started(call string) error {
	switch code, reason := api.status(); code {
	case codeOK:
		return nil
	case -1:
		return &Error{Call: call, Name: NoDriver, Remedy: "no libcuda: install the NVIDIA driver (" + reason + ")"}
	case codeNoDevice:
		return noDevice(call)
	default:
		return newError("cuInit", code)
	}
}

func noDevice(call string) *Error {
	return &Error{Call: call, Code: codeNoDevice, Name: NoDevice, Remedy: remedies[codeNoDevice]}
}

func (v Version) before(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}
