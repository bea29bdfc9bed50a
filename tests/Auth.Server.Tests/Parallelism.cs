// Each fixture has servers and databases of its own, so fixtures run side by side. One that measures time, or listens
// to the whole process, says [NonParallelizable].
[assembly: Parallelizable(ParallelScope.Fixtures)]
