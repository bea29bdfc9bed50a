namespace Benchmarks;

/// <summary>How much is measured. A run that is not judged only shows that the benchmark works.</summary>
internal sealed record Scale(
    int Rounds, int Seconds, int WarmUpSeconds, int Accounts, int Users, int FewUsers, int ManyUsers, int PortalUsers,
    int TokenAccounts, int RotatingAccounts, int Barriers, int LargeUsers, int CycleUsers, double DayMinutes,
    bool Judged)
{
    public static Scale Full { get; } = new(
        Rounds: 3, Seconds: 5, WarmUpSeconds: 5, Accounts: 16, Users: 10_000, FewUsers: 1000, ManyUsers: 1_000_000,
        PortalUsers: 100_000, TokenAccounts: 400, RotatingAccounts: 10_000, Barriers: 300, LargeUsers: 100,
        CycleUsers: 100_000, DayMinutes: 10, Judged: true);

    public static Scale Smoke { get; } = new(
        Rounds: 1, Seconds: 3, WarmUpSeconds: 1, Accounts: 2, Users: 200, FewUsers: 200, ManyUsers: 400,
        PortalUsers: 200, TokenAccounts: 4, RotatingAccounts: 4, Barriers: 5, LargeUsers: 10, CycleUsers: 50,
        DayMinutes: 0.1, Judged: false);
}
