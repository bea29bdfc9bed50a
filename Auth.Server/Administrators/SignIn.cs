using Auth.Server.Audit;
using Auth.Server.Limits;
using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// What came of a sign-in: a session, or how long to wait, or a ticket for the second step, or accounts to choose from,
/// or nothing.
/// </summary>
internal sealed record SignInOutcome(
    AdministratorSession? Session = null, TimeSpan? Wait = null, string? Ticket = null, AccountChoice? Choice = null);

/// <summary>
/// The password is right for administrators of several accounts; the ticket comes back with the one chosen.
/// </summary>
internal sealed record AccountChoice(string Ticket, IReadOnlyList<Administrator> Administrators);

/// <summary>
/// Who knows the password, and is to show a second factor. The stamp is another when the password is.
/// </summary>
internal sealed record SecondStep(Guid AdministratorId, string Stamp)
{
    public static SecondStep Of(Administrator administrator) => new(administrator.Id, administrator.SecurityStamp!);
}

/// <summary>
/// Signing in: with e-mail address and password and then, if the administrator has one, a second factor; or with a
/// passkey alone. An unknown address costs as much time and answers the same as a wrong password, and both are held off
/// alike (<see cref="SignInThrottle"/>). There is no session before the last step. An attempt first waits for its turn
/// (<see cref="PasswordThreads.Queue"/>); one that finds no place is refused before anything is counted or looked up.
/// </summary>
internal sealed class SignIn(
    UserManager<Administrator> administrators,
    AdministratorRegister register,
    Passwords passwords,
    PasswordThreads threads,
    SignInThrottle throttle,
    SignInWaitCache waitCache,
    SecondFactorRegister factors,
    Sessions sessions,
    Tickets tickets,
    AuditTrail audit)
{
    private const string ToSecondStep = "second step";
    private const string ToChoose = "choose account";
    private static readonly TimeSpan betweenSteps = TimeSpan.FromMinutes(10);

    public async Task<SignInOutcome> Try(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        // Without a known browser, what is counted does not depend on whose the address is.
        if (visitor.Device is null && waitCache.Of(SignInBudget.ForPassword(email, null, visitor)) is { } known)
            return new(Wait: known);
        using var turn = await threads.Queue.Enter(visitor, cancellation);
        if (turn is null)
            return new(Wait: FairQueue.TryAgainAfter);
        var (right, wait) = await FindRight(email, password, visitor, cancellation);
        return right switch
        {
            [] => new(Wait: wait),
            [var administrator] => await GoOn(administrator, visitor, cancellation),
            _ => new(Choice: new(
                tickets.Issue(ToChoose, new ChoosableAccounts([.. right.Select(SecondStep.Of)]), betweenSteps), right)),
        };
    }

    /// <summary>
    /// Goes on as the administrator of one of the accounts that a password was right for; null if the ticket is none or
    /// too old, or the password has changed.
    /// </summary>
    public async Task<SignInOutcome?> Choose(
        string? ticket, Guid administratorId, Visitor visitor, CancellationToken cancellation) =>
        tickets.Read<ChoosableAccounts>(ToChoose, ticket) is { } choosable
        && Array.Find(choosable.Steps, step => step.AdministratorId == administratorId) is { } chosen
        && await Find(chosen) is { } administrator
            ? await GoOn(administrator, visitor, cancellation)
            : null;

    /// <summary>
    /// Who is between the two steps; null if the ticket is none or too old, or the password has changed.
    /// </summary>
    public async Task<Administrator?> FindBetweenSteps(string? ticket) =>
        tickets.Read<SecondStep>(ToSecondStep, ticket) is { } step ? await Find(step) : null;

    /// <summary>The second step: a code of the authenticator app, or one for recovery.</summary>
    public async Task<SignInOutcome> TryCode(
        Administrator administrator, string code, Visitor visitor, CancellationToken cancellation)
    {
        var budgets = SignInBudget.ForCode(administrator, visitor);
        if ((await throttle.RecordAttempt(budgets, cancellation)).Wait is { } wait)
            return new(Wait: wait);
        if (!await factors.Use(administrator.Id, code, cancellation))
        {
            await audit.Refused(
                visitor.ToActor(administrator.Email!), AuditAction.SignIn, administrator.AccountId,
                "The code of the second step was wrong.");
            return new();
        }

        await throttle.RecordSuccess(budgets, all: true, cancellation);
        return new(await sessions.Begin(administrator, visitor, cancellation));
    }

    /// <summary>
    /// Whether somebody who is signed in knows the password too; guesses are held off as at the door.
    /// </summary>
    public async Task<(bool Right, TimeSpan? Wait)> Check(
        Administrator administrator, string password, Visitor visitor, CancellationToken cancellation)
    {
        using var turn = await threads.Queue.Enter(visitor, cancellation);
        if (turn is null)
            return (false, FairQueue.TryAgainAfter);
        var budgets = SignInBudget.ForPassword(administrator.Email!, administrator, visitor);
        var guess = await Check(budgets, [administrator], password, cancellation);
        await Refuse(AuditAction.ConfirmIdentity, guess, visitor);
        return (guess.Right.Count > 0, guess.Wait);
    }

    /// <summary>
    /// The administrators with an address whose password this is. A browser that knows one of them tries that one's by
    /// its own budget, and those of other accounts as a stranger: one password opens nothing in another account, and
    /// does not make it easier to guess there.
    /// </summary>
    private async Task<(IReadOnlyList<Administrator> Right, TimeSpan? Wait)> FindRight(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        var all = await register.FindAll(email, cancellation);
        var known = all.Find(administrator => administrator.Id == visitor.Device?.AdministratorId);
        var guesses = new List<Guess>();
        if (known is not null)
            guesses.Add(await Check(SignInBudget.ForPassword(email, known, visitor), [known], password, cancellation));
        // Nobody is checked too, for as long as somebody would be.
        if (all.Count != 1 || known is null)
        {
            guesses.Add(await Check(
                SignInBudget.ForPassword(email, null, visitor),
                all.FindAll(one => one != known),
                password,
                cancellation));
        }

        var right = guesses.SelectMany(guess => guess.Right).ToList();
        if (right.Count == 0)
            await Refuse(AuditAction.SignIn, guesses[0], visitor);
        return (right, guesses.Max(guess => guess.Wait));
    }

    private async Task<Guess> Check(
        SignInBudget[] budgets,
        List<Administrator> candidates,
        string password,
        CancellationToken cancellation)
    {
        var admission = await throttle.RecordAttempt(budgets, cancellation);
        if (admission.Wait is { } wait)
            return new([], [], wait);
        var right = new List<Administrator>();
        if (candidates.Count == 0)
            await passwords.Verify(null, password);
        foreach (var candidate in candidates)
        {
            if (await passwords.Verify(candidate, password))
                right.Add(candidate);
        }
        if (right.Count == 0)
            return new(candidates, right, admission.WaitIfWrong);
        // Who knows one password of an address may still be guessing another.
        await throttle.RecordSuccess(budgets, all: right.Count == candidates.Count, cancellation);
        return new(candidates, right, null);
    }

    // A guess that is held off is not looked at, and an address of nobody is nobody's business: neither leaves an
    // entry.
    private async Task Refuse(AuditAction action, Guess guess, Visitor visitor)
    {
        foreach (var administrator in guess.Right.Count == 0 ? guess.Candidates : [])
        {
            await audit.Refused(
                visitor.ToActor(administrator.Email!), action, administrator.AccountId, "The password was wrong.");
        }
    }

    private async Task<SignInOutcome> GoOn(
        Administrator administrator, Visitor visitor, CancellationToken cancellation) =>
        (await factors.Of(administrator.Id, cancellation)).Any
            ? new(Ticket: tickets.Issue(ToSecondStep, SecondStep.Of(administrator), betweenSteps))
            : new(await sessions.Begin(administrator, visitor, cancellation));

    private async Task<Administrator?> Find(SecondStep step) =>
        await administrators.FindByIdAsync(step.AdministratorId.ToString()) is { } administrator
        && administrator.SecurityStamp == step.Stamp
            ? administrator
            : null;

    /// <summary>A password that was tried, the administrators it was tried for, and those it is right for.</summary>
    private sealed record Guess(
        List<Administrator> Candidates, List<Administrator> Right, TimeSpan? Wait);

    /// <summary>The administrators of several accounts that a password is right for.</summary>
    private sealed record ChoosableAccounts(SecondStep[] Steps);
}
