package driver

// Codes of the driver that this package treats apart.
const (
	codeOK       = 0
	codeNoDevice = 100
	codeNotReady = 600
	codeUnknown  = 999
)

// remedies say what to try, for the driver's codes where something can be said.
var remedies = map[int]string{
	2:            "too little memory is free: use a smaller batch, fewer save times or float32, or end what else uses the GPU (nvidia-smi lists it)",
	34:           "the libcuda.so.1 that was found is the toolkit's stub: take its folder off LD_LIBRARY_PATH and install the NVIDIA driver",
	46:           "another process uses the GPU alone: wait for it, or ask for the compute mode DEFAULT",
	codeNoDevice: "the driver sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES",
	101:          "there is no GPU of that number: look at nvidia-smi and CUDA_VISIBLE_DEVICES",
	200:          "the module is damaged: empty the cache of compiled kernels",
	209:          "the module was compiled for another GPU",
	214:          "the GPU's memory had an error that cannot be corrected: restart the program, and look at nvidia-smi -q -d ECC",
	218:          "the driver cannot compile the module: update the driver",
	220:          "NVLink had an error that cannot be corrected: restart the program",
	222:          "the driver is older than the compiler: update the driver, or use an older NVRTC",
	500:          "the name is not in the module, or the driver is too old to have the function",
	700:          "a kernel used memory that it may not; the call named here is the one that noticed: restart the program",
	701:          "the block needs more threads, registers or shared memory than the GPU has: use a smaller block",
	702:          "a kernel ran longer than the display's watchdog allows: use a smaller batch, or a GPU without a display",
	710:          "an assertion in a kernel failed: restart the program",
	719:          "a kernel failed: restart the program",
	801:          "the GPU or the driver does not support this",
	802:          "the system is not ready for CUDA: is nvidia-fabricmanager running?",
	803:          "the driver in the kernel and libcuda differ in version: restart the machine after the update of the driver",
	804:          "the forward compatibility package does not support this GPU: take it off LD_LIBRARY_PATH",
	901:          "the call is not allowed while a graph is captured",
	codeUnknown:  "the driver failed without saying why: look at the system's log, and restart the program",
}

func remedyFor(code int) string {
	if r, ok := remedies[code]; ok {
		return r
	}
	return unexpected
}

// unexpected is the remedy for a code that a working program on a working GPU does not meet.
const unexpected = "this is unexpected: please report it with the output of nvidia-smi"

// isFatal reports whether the device is lost after the code. See the descriptions of the values of CUresult in the
// reference of the CUDA driver API: the process must end to use CUDA again.
func isFatal(code int) bool {
	switch code {
	case 4, // DEINITIALIZED
		214, 220, // ECC_UNCORRECTABLE, NVLINK_UNCORRECTABLE
		226, 721, // CONTAINED, TENSOR_MEMORY_LEAK
		700, 702, // ILLEGAL_ADDRESS, LAUNCH_TIMEOUT
		709, 710, // CONTEXT_IS_DESTROYED, ASSERT
		714, 715, 716, 717, 718, 719: // from HARDWARE_STACK_ERROR to LAUNCH_FAILED
		return true
	}
	return false
}
